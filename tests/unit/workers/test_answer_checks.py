"""How a reply is judged."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffel.contracts.errors import InvalidRequestError
from workers.handlers.checks import check
from workers.providers.seam import FinishReason, ModelReply

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}}


def reply(text: str, finish: FinishReason = FinishReason.STOP) -> ModelReply:
    return ModelReply(text, finish, None, None, timedelta())


@pytest.mark.parametrize(
    ("text", "finish", "schema", "failed", "score"),
    [
        ("Yes.", FinishReason.STOP, None, (), 1.0),
        ("Yes, but", FinishReason.LENGTH, None, (), 1.0),
        (" \n", FinishReason.STOP, None, ("empty",), 0.0),
        ("", FinishReason.STOP, SCHEMA, ("empty",), 0.0),
        ("I will not.", FinishReason.REFUSAL, SCHEMA, ("refusal",), 0.1),
        ('{"a": 1}', FinishReason.STOP, SCHEMA, (), 1.0),
        ('{"a": 1}', FinishReason.LENGTH, SCHEMA, (), 1.0),
        ('{"a": ', FinishReason.STOP, SCHEMA, ("json",), 0.2),
        ('{"a": ', FinishReason.LENGTH, SCHEMA, ("json", "truncated"), 0.0),
        ('{"b": 1}', FinishReason.STOP, SCHEMA, ("schema",), 0.5),
        ('{"b": 1}', FinishReason.LENGTH, SCHEMA, ("schema", "truncated"), 0.3),
        ('{"a": NaN}', FinishReason.STOP, SCHEMA, ("json",), 0.2),
        ('{"a": 1e999}', FinishReason.STOP, SCHEMA, ("json",), 0.2),
        ("[" * 100_000, FinishReason.STOP, SCHEMA, ("json",), 0.2),
    ],
)
def test_each_fault_has_its_name_and_its_weight(
    text: str, finish: FinishReason, schema: dict[str, Any] | None, failed: tuple[str, ...], score: float
) -> None:
    verdict = check(reply(text, finish), schema)
    assert verdict.failed_checks == failed
    assert verdict.score == pytest.approx(score)
    assert (verdict.problem is None) == (not failed)


def test_a_fault_against_the_schema_is_told_in_words() -> None:
    problem = check(reply('{"b": 1}'), SCHEMA).problem
    assert problem is not None
    assert "'a' is a required property" in problem


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_any_json_value_is_read_as_it_was_written(value: Any) -> None:
    verdict = check(reply(json.dumps(value)), {})
    assert (verdict.failed_checks, verdict.data) == ((), value)


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/schema", "file:///etc/hostname", "#/nowhere"])
def test_a_reference_to_elsewhere_is_never_followed(target: str) -> None:
    with pytest.raises(InvalidRequestError, match="points nowhere"):
        check(reply("{}"), {"$ref": target})


def test_references_inside_a_schema_are_followed() -> None:
    schema = {"$ref": "#/$defs/number", "$defs": {"number": {"type": "number"}}}
    assert check(reply("1"), schema).failed_checks == ()
    assert check(reply('"x"'), schema).failed_checks == ("schema",)
