"""The fleet as the router sees it."""

from collections.abc import Sequence

from staffel.fleet import Fleet
from staffel.fleet.prices import TokenUsage, token_price
from staffel.routing.values import ModelFacts, RoutingState


def routing_state(fleet: Fleet) -> RoutingState:
    """What the router needs to know of tiers and models; a tier that no pool serves is not offered."""
    return RoutingState(
        tiers={
            tier: _facts(fleet, spec.models) for tier, spec in fleet.tiers.items() if fleet.slots_of(tier)
        },
        residencies=fleet.data_classes,
    )


def _facts(fleet: Fleet, models: Sequence[str]) -> tuple[ModelFacts, ...]:
    return tuple(_model_facts(fleet, name) for name in models)


def _model_facts(fleet: Fleet, name: str) -> ModelFacts:
    spec = fleet.models[name]
    price = token_price(fleet, name, TokenUsage(input_tokens=1, output_tokens=1))
    return ModelFacts(
        name=name,
        residency=fleet.residency_of(name),
        context_tokens=spec.context_tokens,
        json_schema=spec.json_schema,
        input_usd_per_million=price.input_usd_per_million if price else None,
        output_usd_per_million=price.output_usd_per_million if price else None,
    )
