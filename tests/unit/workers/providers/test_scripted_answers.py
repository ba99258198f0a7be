"""The scripted provider's answers are pure: the same question gives the same answer."""

import random
from typing import Any

import jsonschema
import pytest

from staffel.fleet import Protocol
from workers.scripted_provider.answers import answer_to
from workers.scripted_provider.conversation import Call
from workers.scripted_provider.schema_instance import UnanswerableSchemaError, instance_of
from workers.scripted_provider.script import Action

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "children": {"items": {"$ref": "#/$defs/node"}}},
            "required": ["name"],
        }
    },
}


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": ["a", "b", 3, None]},
        {"const": {"fixed": [1]}},
        {"type": "string", "minLength": 12},
        {"type": "string", "maxLength": 2},
        {"type": "string", "format": "date-time"},
        {"type": "integer", "minimum": 5, "exclusiveMinimum": 5},
        {"type": "integer", "exclusiveMaximum": -3},
        {"type": "integer", "minimum": 4, "multipleOf": 3},
        {"type": "number", "minimum": 0.2, "maximum": 0.9},
        {"type": "number", "maximum": 0},
        {"type": ["null", "string"]},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"allOf": [{"required": ["a"], "properties": {"a": {"type": "string"}}}, {"required": ["b"]}]},
        {
            "properties": {"a": {"properties": {"b": {"type": "integer"}}, "required": ["b"]}},
            "required": ["a"],
        },
        {"type": "object"},
        {},
        TREE,
    ],
)
def test_an_instance_is_valid_under_its_schema(schema: dict[str, Any]) -> None:
    for seed in range(5):
        jsonschema.validate(instance_of(schema, dice(seed)), schema)


def test_a_schema_that_requires_itself_is_refused() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    with pytest.raises(UnanswerableSchemaError):
        instance_of(endless, dice(1))


def dice(seed: int) -> random.Random:
    return random.Random(seed)


def call(prompt: str = "Where to?", **changes: Any) -> Call:
    return Call(Protocol.OPENAI, "m", (prompt,), **changes)


def test_the_same_prompt_and_seed_give_the_same_answer() -> None:
    one, same, other = (answer_to(call(), Action(), seed=seed, request_id="r") for seed in (1, 1, 2))
    assert one == same
    assert one.text != other.text
    assert one.output_tokens == len(one.text.split())


def test_the_pieces_of_an_answer_add_up_to_it() -> None:
    answer = answer_to(call(), Action(text="  one two\nthree  "), seed=1, request_id="r")
    assert "".join(answer.pieces) == answer.text
    assert len(answer.pieces) == 3


def test_a_limit_as_long_as_the_answer_does_not_cut_it() -> None:
    answer = answer_to(call(max_output_tokens=2), Action(text="one two"), seed=1, request_id="r")
    assert (answer.text, answer.cut) == ("one two", False)
