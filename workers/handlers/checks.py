"""Checks of an answer, and the score they add up to."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from staffel.contracts.errors import InvalidRequestError
from workers.providers.seam import FinishReason, ModelReply

#: How much of an answer is lost when a check fails: an empty answer is worth nothing.
WEIGHTS = {"empty": 1.0, "refusal": 0.9, "json": 0.8, "schema": 0.5, "truncated": 0.2}


#: Knows no schema but the client's own: by default the library would fetch whatever a $ref names.
NOTHING_ELSE: Registry[Any] = Registry()


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
        data = json.loads(reply.text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        return Verdict(None, ("json", *truncated), "the answer is not valid JSON")
    problem = _schema_problem(data, schema)
    if problem is not None:
        return Verdict(None, ("schema", *truncated), f"the answer does not fit the schema: {problem[:200]}")
    return Verdict(data, (), None)


def _schema_problem(data: Any, schema: Mapping[str, Any]) -> str | None:
    try:
        error = next(Draft202012Validator(dict(schema), registry=NOTHING_ELSE).iter_errors(data), None)
    except Unresolvable as missing:
        message = f"a $ref points nowhere: {missing.ref}"
        raise InvalidRequestError(message, field="options.json_schema") from missing
    except RecursionError:
        raise InvalidRequestError("refers to itself without end", field="options.json_schema") from None
    return None if error is None else error.message


def _finite(digits: str) -> float:
    """Python reads 1e999 as infinity, which no JSON can hold."""
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(name: str) -> float:
    """NaN and the infinities, which Python takes for JSON and PostgreSQL does not."""
    raise ValueError(f"{name} is not JSON")
