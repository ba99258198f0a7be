"""What no policy may override: forced tier and model, data class, context, schema and cost.

A tier is admitted when one of its models passes every rule; a tier that is not has its reason in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from staffel.contracts.errors import ConfigurationError, InvalidRequestError
from staffel.contracts.tiers import LADDER, Tier
from staffel.routing.rules import Rule, rules_for
from staffel.routing.values import ModelFacts, Refusal, RoutingJob, RoutingState

#: How far the models of a tier came when the fleet has none there.
_NO_MODEL = -1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The admitted tiers, cheapest first, and why the others are not; `refusal` when a job can go nowhere."""

    admitted: tuple[Tier, ...]
    excluded: dict[Tier, str]
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class _Sieved:
    """The models of a tier that passed, or which rule turned the last ones away, and who they were."""

    passed: tuple[ModelFacts, ...]
    failed_rule: int = _NO_MODEL
    turned_away: tuple[ModelFacts, ...] = ()


def admit(job: RoutingJob, state: RoutingState, input_tokens: int) -> Verdict:
    """Sorts the tiers into admitted and excluded. With a forced tier the verdict hangs on that one alone."""
    rules = rules_for(job, state, input_tokens)
    sieved = {tier: _sieve(state.tiers.get(tier, ()), rules) for tier in LADDER}
    admitted = tuple(tier for tier in LADDER if sieved[tier].passed)
    excluded = {tier: _reason(tier, sieved[tier], rules) for tier in LADDER if tier not in admitted}
    if job.tier is None:
        return Verdict(admitted, excluded, None if admitted else _refusal(None, [*sieved.values()], rules))
    if job.tier in excluded:
        others = dict.fromkeys(admitted, f"tier {job.tier} is asked for")
        return Verdict((), {**others, **excluded}, _refusal(job.tier, [sieved[job.tier]], rules))
    return Verdict(admitted, excluded, None)


def eligible_models(
    job: RoutingJob, state: RoutingState, tier: Tier, input_tokens: int
) -> tuple[ModelFacts, ...]:
    """The models of a tier that pass every rule, in the fleet's order of preference."""
    return _sieve(state.tiers.get(tier, ()), rules_for(job, state, input_tokens)).passed


def _sieve(models: Sequence[ModelFacts], rules: Sequence[Rule]) -> _Sieved:
    left = tuple(models)
    for index, rule in enumerate(rules):
        passed = tuple(model for model in left if rule.admits(model))
        if left and not passed:
            return _Sieved((), index, left)
        left = passed
    return _Sieved(left)


def _reason(tier: Tier, sieved: _Sieved, rules: Sequence[Rule]) -> str:
    if sieved.failed_rule == _NO_MODEL:
        return f"the fleet has no model for tier {tier}"
    return rules[sieved.failed_rule].refuse(sieved.turned_away).message


def _refusal(forced: Tier | None, sieved: Sequence[_Sieved], rules: Sequence[Rule]) -> Refusal:
    """The refusal of the rule that came nearest to admitting a tier: the one whose mending would help."""
    furthest = max(one.failed_rule for one in sieved)
    if furthest != _NO_MODEL:
        turned_away = [model for one in sieved if one.failed_rule == furthest for model in one.turned_away]
        return rules[furthest].refuse(turned_away)
    if forced is None:
        return Refusal(ConfigurationError.code, "the fleet has no tier with a model")
    return Refusal(InvalidRequestError.code, f"the fleet has no model for tier {forced}", field="tier")
