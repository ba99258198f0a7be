"""What became of a batch, a tier at a time, as values. An unknown price stays unknown and is never zero."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from staffel.contracts.privacy import Residency
from staffel.contracts.tiers import LADDER
from staffel.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Money:
    """The known part of a sum in USD, and how many of its rows have no known price."""

    known_usd: Decimal = Decimal(0)
    unknown_rows: int = 0
    rows: int = 0

    @property
    def exact_usd(self) -> Decimal | None:
        """The sum; None when a part of it is not known."""
        return None if self.unknown_rows else self.known_usd

    def __add__(self, other: "Money") -> "Money":
        return Money(
            self.known_usd + other.known_usd, self.unknown_rows + other.unknown_rows, self.rows + other.rows
        )


def saving_usd(cost: Money, baseline: Money) -> Decimal | None:
    """Against the baseline model; None while one of the two is not known."""
    if cost.exact_usd is None or baseline.exact_usd is None:
        return None
    return baseline.exact_usd - cost.exact_usd


@dataclass(frozen=True, slots=True)
class TierRow:
    """One tier of a batch; `tier` is None for what never had one. Percentiles are from submission to end."""

    tier: str | None
    decided: int = 0
    ended: int = 0
    succeeded: int = 0
    unverified: int = 0
    degraded: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    p50_s: float | None = None
    p95_s: float | None = None
    cost: Money = Money()
    baseline: Money = Money()

    @property
    def saving_usd(self) -> Decimal | None:
        return saving_usd(self.cost, self.baseline)


@dataclass(frozen=True, slots=True)
class Count:
    """How many jobs share a reason."""

    reason: str
    jobs: int


def tier_rows(rows: Iterable[Mapping[Any, Any]]) -> list[TierRow]:
    """In the order of the ladder, what has no tier last, in one row."""
    made: dict[str | None, TierRow] = {}
    for row in map(_row, rows):
        made[row.tier] = _joined(made[row.tier], row) if row.tier in made else row
    return [made[tier] for tier in (*LADDER, None) if tier in made]


def total_row(rows: Sequence[TierRow]) -> TierRow:
    """All tiers in one; percentiles do not add up and are left out."""
    total = TierRow(tier="all")
    for row in rows:
        total = _joined(total, row)
    return total


def counts(rows: Iterable[Mapping[Any, Any]]) -> list[Count]:
    return [Count(row["reason"], row["jobs"]) for row in rows]


def only_local_model(fleet: Fleet) -> str | None:
    """The model that all local tiers have in common and alone; None when they differ or there is one tier."""
    local = [
        spec.models
        for spec in fleet.tiers.values()
        if all(fleet.residency_of(model) is Residency.LOCAL for model in spec.models)
    ]
    names = {model for models in local for model in models}
    return names.pop() if len(local) > 1 and len(names) == 1 else None


def notes(
    rows: Sequence[TierRow], degraded: Sequence[Count], failed: Sequence[Count], fleet: Fleet
) -> list[str]:
    """What the table alone does not say."""
    total = total_row(rows)
    said = []
    if model := only_local_model(fleet):
        said.append(
            f"one small model ({model}) plays all local tiers; this shows the fleet, no quality is claimed"
        )
    said += [f"{_jobs(count.jobs)} degraded: {count.reason}" for count in degraded]
    said += [f"{_jobs(count.jobs)} failed: {count.reason}" for count in failed]
    if total.unverified:
        said.append(
            f"{_jobs(total.unverified)} unverified: no permitted tier passed its checks, best answer kept"
        )
    if total.cost.unknown_rows:
        said.append(
            f"{total.cost.unknown_rows} cost rows have no known price and are not in the sums of the cost"
        )
    if total.baseline.unknown_rows:
        said.append(f"the price of the baseline model {fleet.baseline_model} is not known")
    return said


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number} jobs"


def _row(row: Mapping[Any, Any]) -> TierRow:
    return TierRow(
        tier=row["tier"],
        decided=row["decided"],
        ended=row["jobs"],
        succeeded=row["succeeded"],
        unverified=row["unverified"],
        degraded=row["degraded"],
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
        p50_s=row["p50_s"],
        p95_s=row["p95_s"],
        cost=Money(row["amount_usd"], row["unknown_prices"], row["cost_rows"]),
        baseline=Money(row["baseline_usd"], row["unknown_baselines"], row["cost_rows"]),
    )


def _joined(one: TierRow, other: TierRow) -> TierRow:
    return TierRow(
        tier=one.tier,
        decided=one.decided + other.decided,
        ended=one.ended + other.ended,
        succeeded=one.succeeded + other.succeeded,
        unverified=one.unverified + other.unverified,
        degraded=one.degraded + other.degraded,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        p50_s=(one.p50_s or other.p50_s) if one.tier is None else None,
        p95_s=(one.p95_s or other.p95_s) if one.tier is None else None,
        cost=one.cost + other.cost,
        baseline=one.baseline + other.baseline,
    )
