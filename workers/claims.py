"""A claimed job: what one attempt needs to know, and the lease it runs under."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from staffel.contracts.privacy import DataClass
from staffel.contracts.requests import JobRequest, Options, Strategy
from staffel.contracts.tiers import Tier


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered and how the checks judged it. `score` is the share of checks passed, 0 to 1."""

    text: str
    finish_reason: str
    model: str
    tier: Tier
    attempt: int
    data: Any = None
    score: float = 1.0
    failed_checks: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        return not self.failed_checks


@dataclass(frozen=True, slots=True)
class Claim:
    """A job under a lease. `model` and `provider` are None when the pool has nothing to offer it now."""

    job_id: UUID
    lease_token: UUID
    call_id: UUID
    tenant_id: str
    batch_id: UUID | None
    task: str
    strategy: Strategy
    data_class: DataClass
    tier: Tier
    permitted: tuple[Tier, ...]
    forced_model: str | None
    attempt: int
    model: str | None
    provider: str | None
    content: Mapping[str, Any]
    options: Options
    input_tokens: int
    deadline_in_s: float | None
    max_cost_usd: Decimal | None
    spent_usd: Decimal
    degraded_reason: str | None
    transient_failures: int
    escalations: int
    callback_url: str | None
    best: Answer | None

    @classmethod
    def of(cls, row: Mapping[str, Any], *, lease_token: UUID, call_id: UUID) -> Self:
        return cls(
            job_id=row["id"],
            lease_token=lease_token,
            call_id=call_id,
            tenant_id=row["tenant_id"],
            batch_id=row["batch_id"],
            task=row["task"],
            strategy=Strategy(row["strategy"]),
            data_class=DataClass(row["data_class"]),
            tier=Tier(row["tier"]),
            permitted=tuple(Tier(tier) for tier in row["permitted_tiers"] or ()),
            forced_model=row["forced_model"],
            attempt=row["attempt"],
            model=row["model"],
            provider=row["provider"],
            content=row["content"],
            options=Options.model_validate(row["options"]),
            input_tokens=row["input_tokens"],
            deadline_in_s=row["deadline_in_s"],
            max_cost_usd=row["max_cost_usd"],
            spent_usd=row["spent_usd"],
            degraded_reason=row["degraded_reason"],
            transient_failures=row["transient_failures"],
            escalations=row["escalations"],
            callback_url=row["callback_url"],
            best=_answer(row["best"]),
        )

    @property
    def cost_left_usd(self) -> Decimal | None:
        """What the job may still spend, None without a limit."""
        return None if self.max_cost_usd is None else self.max_cost_usd - self.spent_usd

    def request(self) -> JobRequest:
        """The content as the client sent it; its rules were checked when it was submitted."""
        content = JobRequest.model_validate(dict(self.content))
        return content.model_copy(update={"task": self.task, "options": self.options})


def _answer(best: Mapping[str, Any] | None) -> Answer | None:
    if best is None:
        return None
    return Answer(
        text=best["answer"],
        finish_reason=best["finish_reason"],
        model=best["model"],
        tier=Tier(best["tier"]),
        attempt=best["attempt"],
        score=best["score"],
        failed_checks=tuple(best["failed_checks"]),
    )
