"""A fleet and jobs for the tests of the router; everything is written for this project."""

from decimal import Decimal

from staffel.contracts.privacy import DEFAULT_RESIDENCIES, DataClass, Residency
from staffel.contracts.requests import Strategy
from staffel.contracts.tiers import LADDER, Tier
from staffel.routing.values import Decision, ModelFacts, RoutingJob, RoutingState


def model(
    name: str,
    *,
    residency: Residency = Residency.LOCAL,
    context_tokens: int = 32_768,
    json_schema: bool = True,
    prices_usd: tuple[str, str] | None = None,
) -> ModelFacts:
    inward, outward = prices_usd or (None, None)
    return ModelFacts(
        name=name,
        residency=residency,
        context_tokens=context_tokens,
        json_schema=json_schema,
        input_usd_per_million=None if inward is None else Decimal(inward),
        output_usd_per_million=None if outward is None else Decimal(outward),
    )


CLOUD_MODEL = model(
    "premium", residency=Residency.WORLD, context_tokens=200_000, prices_usd=("3.00", "15.00")
)
FLEET: dict[Tier, tuple[ModelFacts, ...]] = {
    Tier.FAST: (model("one"),),
    Tier.STD: (model("three"),),
    Tier.ADV: (model("seven"),),
    Tier.CLOUD: (CLOUD_MODEL,),
}


def fleet(**tiers: tuple[ModelFacts, ...]) -> RoutingState:
    """The usual fleet with some tiers replaced: fleet(CLOUD=())."""
    return RoutingState(
        {**FLEET, **{Tier[name]: models for name, models in tiers.items()}}, DEFAULT_RESIDENCIES
    )


def local_only() -> RoutingState:
    return fleet(CLOUD=())


def job(text: str = "Hallo!", **fields: object) -> RoutingJob:
    values: dict[str, object] = {
        "task": "complete",
        "text": text,
        "max_output_tokens": 512,
        "has_schema": False,
        "tier": None,
        "model": None,
        "strategy": Strategy.AUTO,
        "data_class": DataClass.INTERNAL,
        "deadline": None,
        "max_cost_usd": None,
        **fields,
    }
    return RoutingJob(**values)  # type: ignore[arg-type]


def covers_every_tier(decision: Decision) -> bool:
    """Each tier is either permitted or excluded with a reason, and never both."""
    return sorted([*decision.permitted, *decision.excluded]) == sorted(LADDER)
