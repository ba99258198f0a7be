"""A claim as values, for rules that need no database."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from staffel.contracts.privacy import DataClass
from staffel.contracts.requests import Options, Strategy
from staffel.contracts.tiers import Tier
from workers.claims import Answer, Claim

CLAIM = Claim(
    job_id=UUID(int=1),
    lease_token=UUID(int=2),
    call_id=UUID(int=3),
    tenant_id="acme",
    batch_id=None,
    task="complete",
    strategy=Strategy.AUTO,
    data_class=DataClass.INTERNAL,
    tier=Tier.FAST,
    permitted=tuple(Tier),
    forced_model=None,
    attempt=1,
    model="small",
    provider="house",
    content={"prompt": "Say hello."},
    options=Options(),
    input_tokens=4,
    deadline_in_s=None,
    max_cost_usd=None,
    spent_usd=Decimal(0),
    degraded_reason=None,
    transient_failures=0,
    escalations=0,
    callback_url=None,
    best=None,
)


def claim_with(**changes: Any) -> Claim:
    return replace(CLAIM, **changes)


def answer_with(
    text: str = "Yes.", *failed_checks: str, score: float = 1.0, tier: Tier = Tier.FAST
) -> Answer:
    return Answer(text, "stop", "small", tier, 1, None, score, failed_checks)
