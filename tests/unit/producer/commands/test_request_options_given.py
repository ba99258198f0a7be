"""The options of a request become its fields, and only those that were given."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producer.commands.request_options import RequestOptions
from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.privacy import DataClass
from staffel.contracts.tiers import Tier

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_what_is_not_given_is_no_field() -> None:
    assert RequestOptions().as_fields(NOW) == {}


def test_every_option_finds_its_field() -> None:
    options = RequestOptions(
        task="classify",
        tier=Tier.FAST,
        model="m",
        priority=0,
        strategy="fixed",
        data_class=DataClass.PUBLIC,
        deadline="2h",
        max_cost_usd="0.01",
        max_output_tokens=9,
        temperature=0.0,
        schema='{"type": "object"}',
        labels=" a, b ,",
        language="de",
        metadata=["k=v=w", "empty="],
    )
    assert options.as_fields(NOW) == {
        "task": "classify",
        "tier": Tier.FAST,
        "model": "m",
        "priority": 0,
        "strategy": "fixed",
        "data_class": DataClass.PUBLIC,
        "deadline": NOW + timedelta(hours=2),
        "max_cost_usd": "0.01",
        "metadata": {"k": "v=w", "empty": ""},
        "options": {
            "max_output_tokens": 9,
            "temperature": 0.0,
            "json_schema": {"type": "object"},
            "labels": ["a", "b"],
            "language": "de",
        },
    }


def test_a_schema_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "array"}')
    fields = RequestOptions(schema=str(file)).as_fields(NOW)
    assert fields == {"options": {"json_schema": {"type": "array"}}}


@pytest.mark.parametrize("schema", ['{"type"', "/nowhere/schema.json"])
def test_a_schema_that_cannot_be_read_names_the_option(schema: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        RequestOptions(schema=schema).as_fields(NOW)
    assert caught.value.field == "schema"


def test_a_schema_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidRequestError, match=r"schema\.json"):
        RequestOptions(schema=str(file)).as_fields(NOW)


@pytest.mark.parametrize("pair", ["no-separator", "=value"])
def test_metadata_is_pairs(pair: str) -> None:
    with pytest.raises(InvalidRequestError, match="metadata"):
        RequestOptions(metadata=[pair]).as_fields(NOW)
