"""Fields of a request that cannot hold together; asked at submission, so that a client hears at once."""

from collections.abc import Sequence

from staffel.contracts.tiers import LADDER
from staffel.routing.rules import permitted_residencies, residency_names
from staffel.routing.values import Contradiction, ModelFacts, RoutingJob, RoutingState


def contradictions(job: RoutingJob, state: RoutingState) -> list[Contradiction]:
    """What this fleet can never do, each with its fields and a message that names them."""
    return [*_of_tier(job, state), *_of_model(job, state)]


def _of_tier(job: RoutingJob, state: RoutingState) -> list[Contradiction]:
    if job.tier is None:
        return []
    models = state.tiers.get(job.tier, ())
    if not models:
        return [Contradiction(("tier",), f"tier: this fleet does not have {job.tier}")]
    return _of_content(job, state, models, field="tier", words=f"tier {job.tier}")


def _of_model(job: RoutingJob, state: RoutingState) -> list[Contradiction]:
    if job.model is None:
        return []
    everywhere = [model for tier in LADDER for model in state.tiers.get(tier, ()) if model.name == job.model]
    if not everywhere:
        return [Contradiction(("model",), f"model: this fleet does not have {job.model!r}")]
    if job.tier is None or not state.tiers.get(job.tier):
        return _of_content(job, state, everywhere, field="model", words=f"model {job.model!r}")
    here = [model for model in state.tiers[job.tier] if model.name == job.model]
    if not here:
        message = f"model, tier: model {job.model!r} is not offered by tier {job.tier}"
        return [Contradiction(("model", "tier"), message)]
    return _of_content(job, state, here, field="model", words=f"model {job.model!r}")


def _of_content(
    job: RoutingJob, state: RoutingState, models: Sequence[ModelFacts], *, field: str, words: str
) -> list[Contradiction]:
    """What the data class and the schema of a job have against what it forces."""
    found = []
    permitted = permitted_residencies(job.data_class, state)
    residencies = {model.residency for model in models}
    if not residencies & permitted:
        message = (
            f"data_class, {field}: data_class {job.data_class} permits only {residency_names(permitted)}, "
            f"{words} processes in {residency_names(residencies)}"
        )
        found.append(Contradiction(("data_class", field), message))
    if job.has_schema and not any(model.json_schema for model in models):
        schema = "options.json_schema"
        found.append(Contradiction((schema, field), f"{schema}, {field}: {words} has no JSON schemas"))
    return found
