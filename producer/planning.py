"""A dry run: where each item would start and what that might cost; nothing is stored, no server is asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from producer.submission import Rejected, Submitted, check_fields
from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.privacy import Residency
from staffel.contracts.requests import JobRequest
from staffel.contracts.tiers import LADDER, Tier
from staffel.fleet import Fleet
from staffel.fleet.prices import TokenUsage, baseline_price, token_price
from staffel.routing import Decision, RoutingJob, RoutingState, route
from staffel.routing.constraints import eligible_models
from staffel.routing_state import routing_state


@dataclass(slots=True)
class TierPlan:
    """The jobs that would start on a tier. Amounts are the known part; the rest is counted.

    Local models are paid by slot time, which nobody knows before.
    """

    tier: Tier
    jobs: int = 0
    input_tokens: int = 0
    output_limit_tokens: int = 0
    amount_usd: Decimal = Decimal(0)
    by_slot_time: int = 0
    unknown_prices: int = 0
    baseline_usd: Decimal = Decimal(0)
    unknown_baselines: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A valid item that no tier could serve: it would fail when it is classified."""

    source: str
    reason: str


@dataclass(slots=True)
class Plan:
    """What a batch would become."""

    tiers: dict[Tier, TierPlan] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def jobs(self) -> int:
        """All items, the invalid ones included: each would become a row."""
        return sum(plan.jobs for plan in self.tiers.values()) + len(self.rejected) + len(self.refused)

    def in_order(self) -> list[TierPlan]:
        return [self.tiers[tier] for tier in LADDER if tier in self.tiers]


class Planner:
    """Plans with the fleet as it is declared here; the running fleet may be another."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._state: RoutingState = routing_state(fleet)

    def plan(self, items: Iterable[Submitted | Rejected], now: datetime) -> Plan:
        plan = Plan()
        for place, item in enumerate(items, start=1):
            if isinstance(item, Rejected):
                plan.rejected.append(item)
            else:
                self._add(plan, item.request, item.source or f"item {place}", now)
        return plan

    def _add(self, plan: Plan, request: JobRequest, source: str, now: datetime) -> None:
        try:
            check_fields(request, self._state, now)
        except InvalidRequestError as error:
            plan.rejected.append(Rejected(source, error))
            return
        job = RoutingJob.of(request)
        [decision] = route([job], self._state)
        if decision.tier is None:
            plan.refused.append(Refused(source, decision.refusal.message if decision.refusal else "no tier"))
        else:
            self._count(plan.tiers.setdefault(decision.tier, TierPlan(decision.tier)), job, decision)

    def _count(self, tier: TierPlan, job: RoutingJob, decision: Decision) -> None:
        usage = TokenUsage(decision.input_tokens, job.max_output_tokens)
        tier.jobs += 1
        tier.input_tokens += usage.input_tokens
        tier.output_limit_tokens += usage.output_tokens
        first = eligible_models(job, self._state, tier.tier, decision.input_tokens)[0]
        price = token_price(self._fleet, first.name, usage)
        if first.residency is Residency.LOCAL:
            tier.by_slot_time += 1
        elif price is None:
            tier.unknown_prices += 1
        else:
            tier.amount_usd += price.amount_usd
        baseline = baseline_price(self._fleet, usage)
        if baseline is None:
            tier.unknown_baselines += 1
        else:
            tier.baseline_usd += baseline.amount_usd
