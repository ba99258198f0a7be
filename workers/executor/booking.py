"""What a call costs, as ledger rows: pure functions of values."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from staffel.contracts.privacy import Residency
from staffel.contracts.states import CallState
from staffel.fleet import Fleet
from staffel.fleet.prices import Price, TokenUsage, baseline_price, slot_price, token_price
from staffel.storage.ids import new_id

NOTHING = TokenUsage()

#: What a correction holds as the difference to the estimate it mends.
CORRECTED = (
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "slot_seconds",
    "amount_usd",
    "baseline_usd",
)


@dataclass(frozen=True, slots=True)
class Spending:
    """One call and what it used; `usage` is None where nobody said."""

    call_id: UUID
    state: CallState
    provider: str
    model: str
    tier: str
    pool: str
    usage: TokenUsage | None
    estimated_input_tokens: int
    output_limit_tokens: int
    seconds: float


def cost_row(fleet: Fleet, spending: Spending, owner: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `costs`. `owner` holds tenant_id, batch_id, job_id, attempt and task."""
    usage, estimated = _usage(spending)
    local = fleet.residency_of(spending.model) is Residency.LOCAL if spending.model in fleet.models else False
    price = _price(fleet, spending, usage, local=local)
    baseline = baseline_price(fleet, usage)
    return dict(owner) | {
        "id": new_id(),
        "call_id": spending.call_id,
        "kind": "booking",
        "estimated": estimated,
        "tier": spending.tier,
        "pool": spending.pool,
        "provider": spending.provider,
        "model": spending.model,
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
        "slot_seconds": spending.seconds if local else None,
        "input_usd_per_million": price.input_usd_per_million if price else None,
        "output_usd_per_million": price.output_usd_per_million if price else None,
        "amount_usd": price.amount_usd if price else None,
        "baseline_usd": baseline.amount_usd if baseline else None,
    }


def correction_row(exact: Mapping[str, Any], booked: Mapping[str, Any]) -> dict[str, Any]:
    """The row that turns a booked estimate into the exact amount: their difference."""
    differences = {name: _difference(exact[name], booked[name]) for name in CORRECTED}
    return dict(exact) | differences | {"kind": "correction"}


def _usage(spending: Spending) -> tuple[TokenUsage, bool]:
    """What was used and whether that is an estimate: counted input tokens and the output limit."""
    if spending.usage is not None:
        return spending.usage, False
    if spending.state in {CallState.REFUSED, CallState.UNSENT}:
        return NOTHING, False
    return TokenUsage(spending.estimated_input_tokens, spending.output_limit_tokens), True


def _price(fleet: Fleet, spending: Spending, usage: TokenUsage, *, local: bool) -> Price | None:
    """Local models are paid by the slot's time. An unknown price stays unknown, unless nothing was used."""
    if local:
        return slot_price(fleet, spending.pool, spending.seconds)
    price = token_price(fleet, spending.model, usage)
    return Price(Decimal(0)) if price is None and usage == NOTHING else price


def _difference(exact: Any, booked: Any) -> Any:
    return None if exact is None or booked is None else exact - booked
