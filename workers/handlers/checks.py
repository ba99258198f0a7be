"""Checks of an answer, and the score they add up to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from workers.providers.seam import FinishReason, ModelReply

#: How much of an answer is lost when a check fails: an empty answer is worth nothing.
WEIGHTS = {"empty": 1.0, "refusal": 0.9, "json": 0.8, "schema": 0.5, "truncated": 0.2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks found. `problem` is in words that a model can be told."""

    data: Any
    failed_checks: tuple[str, ...]
    problem: str | None

    @property
    def score(self) -> float:
        return max(0.0, 1.0 - sum(WEIGHTS[name] for name in self.failed_checks))


def check(reply: ModelReply, schema: Mapping[str, Any] | None) -> Verdict:
    """Judges a reply: not empty, no refusal, and where a schema is asked for, JSON that fits and is whole."""
    if not reply.text.strip():
        return Verdict(None, ("empty",), "the answer is empty")
    if reply.finish_reason is FinishReason.REFUSAL:
        return Verdict(None, ("refusal",), "the model refused")
    if schema is None:
        return Verdict(None, (), None)
    return _check_json(reply, schema)


def _check_json(reply: ModelReply, schema: Mapping[str, Any]) -> Verdict:
    truncated = ("truncated",) if reply.finish_reason is FinishReason.LENGTH else ()
    try:
        data = json.loads(reply.text)
    except ValueError:
        return Verdict(None, ("json", *truncated), "the answer is not valid JSON")
    error = next(Draft202012Validator(dict(schema)).iter_errors(data), None)
    if error is not None:
        return Verdict(
            None, ("schema", *truncated), f"the answer does not fit the schema: {error.message[:200]}"
        )
    return Verdict(data, (), None)
