"""The hard rules, one class each: whether a model passes, and how a refusal reads when none does."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from staffel.contracts.errors import ContextExceededError, CostLimitError, DataClassError, InvalidRequestError
from staffel.contracts.privacy import DataClass, Residency
from staffel.contracts.tokens import TEMPLATE_TOKENS
from staffel.routing.values import ModelFacts, Refusal, RoutingJob, RoutingState

_MILLION = Decimal(1_000_000)


class Rule(Protocol):
    """`refuse` is asked about models that the rule does not admit, at least one."""

    def admits(self, model: ModelFacts) -> bool: ...

    def refuse(self, models: Sequence[ModelFacts]) -> Refusal: ...


@dataclass(frozen=True, slots=True)
class NamedModel:
    """The job asks for one model."""

    name: str

    def admits(self, model: ModelFacts) -> bool:
        return model.name == self.name

    def refuse(self, models: Sequence[ModelFacts]) -> Refusal:  # noqa: ARG002 - the name says it all
        return Refusal(InvalidRequestError.code, f"model {self.name!r} is not offered here", field="model")


@dataclass(frozen=True, slots=True)
class PermittedResidency:
    """The data class says where content may be processed."""

    data_class: DataClass
    permitted: frozenset[Residency]

    def admits(self, model: ModelFacts) -> bool:
        return model.residency in self.permitted

    def refuse(self, models: Sequence[ModelFacts]) -> Refusal:
        message = (
            f"data class {self.data_class} permits only {residency_names(self.permitted)}, "
            f"the models process in {residency_names({model.residency for model in models})}"
        )
        return Refusal(DataClassError.code, message, field="data_class")


@dataclass(frozen=True, slots=True)
class FittingContext:
    """Prompt, template and answer have to fit the context."""

    needed_tokens: int

    def admits(self, model: ModelFacts) -> bool:
        return self.needed_tokens <= model.context_tokens

    def refuse(self, models: Sequence[ModelFacts]) -> Refusal:
        largest = max(model.context_tokens for model in models)
        error = ContextExceededError(needed_tokens=self.needed_tokens, available_tokens=largest)
        return Refusal(error.code, error.message)


@dataclass(frozen=True, slots=True)
class SchemaSupport:
    """The answer has to follow a JSON schema."""

    def admits(self, model: ModelFacts) -> bool:
        return model.json_schema

    def refuse(self, models: Sequence[ModelFacts]) -> Refusal:
        message = f"no JSON schema with {', '.join(sorted({model.name for model in models}))}"
        return Refusal(InvalidRequestError.code, message, field="options.json_schema")


@dataclass(frozen=True, slots=True)
class CostLimit:
    """The dearest answer that one call may give must not cost more than the limit."""

    input_tokens: int
    output_tokens: int
    limit_usd: Decimal

    def admits(self, model: ModelFacts) -> bool:
        cost_usd = self._cost_usd(model)
        return cost_usd is not None and cost_usd <= self.limit_usd

    def refuse(self, models: Sequence[ModelFacts]) -> Refusal:
        known = [cost_usd for model in models if (cost_usd := self._cost_usd(model)) is not None]
        message = (
            f"a call could cost {min(known):f} USD, max_cost_usd is {self.limit_usd:f}"
            if known
            else f"the price is not known, so max_cost_usd {self.limit_usd:f} cannot be kept"
        )
        return Refusal(CostLimitError.code, message, field="max_cost_usd")

    def _cost_usd(self, model: ModelFacts) -> Decimal | None:
        unpriced = Decimal(0) if model.residency is Residency.LOCAL else None
        inward = unpriced if model.input_usd_per_million is None else model.input_usd_per_million
        outward = unpriced if model.output_usd_per_million is None else model.output_usd_per_million
        if inward is None or outward is None:
            return None
        return (self.input_tokens * inward + self.output_tokens * outward) / _MILLION


def rules_for(job: RoutingJob, state: RoutingState, input_tokens: int) -> tuple[Rule, ...]:
    """The rules of a job, from what it asks for by name to what depends on its size."""
    sent_tokens = input_tokens + TEMPLATE_TOKENS * max(1, job.turns)
    rules: list[Rule] = [NamedModel(job.model)] if job.model is not None else []
    rules.append(PermittedResidency(job.data_class, permitted_residencies(job.data_class, state)))
    rules.append(FittingContext(sent_tokens + job.max_output_tokens))
    if job.has_schema:
        rules.append(SchemaSupport())
    if job.max_cost_usd is not None:
        rules.append(CostLimit(sent_tokens, job.max_output_tokens, job.max_cost_usd))
    return tuple(rules)


def permitted_residencies(data_class: DataClass, state: RoutingState) -> frozenset[Residency]:
    """Where a data class may be processed; nowhere when the fleet says nothing of it."""
    return state.residencies.get(data_class, frozenset())


def residency_names(residencies: Set[Residency]) -> str:
    """Residencies in words, in a fixed order."""
    return " and ".join(residency for residency in Residency if residency in residencies) or "no place"
