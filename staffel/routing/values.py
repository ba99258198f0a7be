"""What the router is given and what it answers: jobs, the state of the fleet, decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from staffel.contracts.privacy import DataClass, Residency
from staffel.contracts.requests import JobRequest, Strategy
from staffel.contracts.tiers import Tier


@dataclass(frozen=True, slots=True)
class RoutingJob:
    """What the router may know of a job."""

    task: str
    text: str
    max_output_tokens: int
    has_schema: bool
    tier: Tier | None
    model: str | None
    strategy: Strategy
    data_class: DataClass
    deadline: datetime | None
    max_cost_usd: Decimal | None
    turns: int = 1

    @classmethod
    def of(cls, request: JobRequest) -> "RoutingJob":
        return cls(
            task=request.task,
            text=request.text,
            max_output_tokens=request.options.max_output_tokens,
            has_schema=request.options.json_schema is not None,
            tier=request.tier,
            model=request.model,
            strategy=request.strategy,
            data_class=request.data_class,
            deadline=request.deadline,
            max_cost_usd=request.max_cost_usd,
            turns=len(request.messages or ()) or 1,
        )


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model as the router sees it. A price is None where it is unknown or, locally, paid by time."""

    name: str
    residency: Residency
    context_tokens: int
    json_schema: bool
    input_usd_per_million: Decimal | None
    output_usd_per_million: Decimal | None


@dataclass(frozen=True, slots=True)
class RoutingState:
    """The fleet now. A tier without a model is not offered, a data class without residencies goes nowhere."""

    tiers: Mapping[Tier, tuple[ModelFacts, ...]]
    residencies: Mapping[DataClass, frozenset[Residency]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no tier may serve a job. `code` is one of `staffel.contracts.errors`."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Fields of a request that cannot hold together."""

    fields: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a job starts and where it may ever go. `tier` is None exactly when there is a `refusal`.

    `permitted` is ordered cheapest first; escalation and fallback may use nothing else. Every tier is either
    permitted or in `excluded` with its reason. `confidence` lies between 0 and 1. Decisions compare without
    `microseconds`.
    """

    tier: Tier | None
    task_type: str
    language: str
    confidence: float
    reasons: tuple[str, ...]
    permitted: tuple[Tier, ...]
    excluded: Mapping[Tier, str]
    features: Mapping[str, float | str | bool]
    router_version: str
    microseconds: int = field(compare=False)
    input_tokens: int
    refusal: Refusal | None
