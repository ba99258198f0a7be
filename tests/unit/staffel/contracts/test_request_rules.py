"""What a request may say, and that errors never repeat its content."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.requests import BatchRequest, JobRequest, Options
from staffel.contracts.validation import invalid_request

SECRET = "the secret is 4711"


def refusal(**fields: Any) -> InvalidRequestError:
    with pytest.raises(ValidationError) as caught:
        JobRequest.model_validate(fields)
    return invalid_request(caught.value)


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": "x", "tier": SECRET}, "tier"),
        ({"prompt": "x", "task": SECRET}, "task"),
        ({"prompt": "x", "strategy": SECRET}, "strategy"),
        ({"prompt": "x", "data_class": SECRET}, "data_class"),
        ({"prompt": "x", "deadline": SECRET}, "deadline"),
        ({"prompt": "x", "deadline": "2026-11-20T12:00:00"}, "deadline"),
        ({"prompt": "x", "priority": 10}, "priority"),
        ({"prompt": "x", "priority": SECRET}, "priority"),
        ({"prompt": "x", "max_cost_usd": SECRET}, "max_cost_usd"),
        ({"prompt": "x", "max_cost_usd": "0"}, "max_cost_usd"),
        ({"prompt": "x", "callback_url": SECRET}, "callback_url"),
        ({"prompt": "x", "callback_url": "file:///etc/passwd"}, "callback_url"),
        ({"prompt": "x", "metadata": {"a": [SECRET]}}, "metadata.a"),
        ({"prompt": "x", "metadata": {"a": SECRET * 99}}, "metadata.a"),
        ({"prompt": "x", "idempotency_key": SECRET * 99}, "idempotency_key"),
        ({"prompt": [SECRET]}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"messages": []}, "messages"),
        (
            {"messages": [{"role": SECRET, "content": "x"}, {"role": "user", "content": "x"}]},
            "messages.0.role",
        ),
        ({"document": {"text": ""}}, "document.text"),
        ({"prompt": "x", "options": {"max_output_tokens": 0}}, "options.max_output_tokens"),
        ({"prompt": "x", "options": {"labels": ["one"]}}, "options.labels"),
        ({"prompt": "x", "options": {"labels": ["\x00", "b", "c"]}}, "options.labels.0"),
        ({"prompt": "x", "options": {"json_schema": {"type": SECRET}}}, "options.json_schema"),
        ({"prompt": "x", "options": {"json_schema": {"$ref": "http://x/y"}}}, "options.json_schema"),
        ({"prompt": "x", "options": {"json_schema": {"not": {"$ref": "y"}}}}, "options.json_schema"),
        ({"prompt": "x", "options": {"json_schema": {"pattern": "["}}}, "options.json_schema"),
        ({"prompt": "x", "options": {"json_schema": deep(40)}}, "options.json_schema"),
        ({"prompt": "x", "model_name": SECRET}, "model_name"),
    ],
)
def test_a_faulty_field_is_named_and_its_content_is_not(fields: dict[str, Any], field: str) -> None:
    error = refusal(**fields)
    assert error.field == field
    assert error.message.startswith(f"{field}: ")
    assert "secret" not in error.message
    assert len(error.message) < 300


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"prompt": SECRET, "document": {"text": SECRET}},
        {"prompt": SECRET, "task": "classify"},
        {"prompt": SECRET, "task": "extract"},
        {"prompt": SECRET, "tier": "x", "task": "Y", "priority": -1},
    ],
)
def test_a_request_as_a_whole_is_refused_without_its_content(fields: dict[str, Any]) -> None:
    error = refusal(**fields)
    assert error.field is None
    assert "secret" not in error.message


def test_an_exception_of_the_validation_itself_does_not_show_content_either() -> None:
    with pytest.raises(ValidationError) as caught:
        JobRequest.model_validate({"prompt": SECRET, "document": {"text": SECRET}, "tier": SECRET})
    assert "secret" not in str(caught.value)


def test_of_very_many_faults_the_first_few_are_told() -> None:
    error = refusal(prompt="x", metadata={str(n): n for n in range(20)})
    assert error.message.endswith("and 15 more")


def test_a_lone_surrogate_is_refused_by_its_field() -> None:
    assert refusal(prompt="\ud800").field == "prompt"
    assert refusal(prompt="x", metadata={"a": "\ud800"}).field == "metadata.a"


@given(st.text(min_size=1).filter(lambda text: text.replace("\x00", "").strip() != ""))
def test_what_is_taken_can_be_read_again_after_nul_was_taken_out(prompt: str) -> None:
    stored = JobRequest(prompt=prompt).model_dump(mode="json", include={"prompt"})
    cleaned = {"prompt": stored["prompt"].replace("\x00", "")}
    assert JobRequest.model_validate(cleaned).prompt == prompt.replace("\x00", "")


def test_a_reference_inside_the_schema_is_taken() -> None:
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}, "properties": {"$ref": {}}}
    request = JobRequest.model_validate({"prompt": "x", "options": {"json_schema": schema}})
    assert request.options.json_schema == schema


def test_a_batch_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="prompt"):
        BatchRequest.model_validate({"prompt": SECRET})


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(ab)*", "(x|y){2,}", "a" * 201])
def test_a_pattern_that_could_hold_up_a_worker_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        Options(json_schema={"type": "string", "pattern": pattern})


@pytest.mark.parametrize("pattern", [r"^\d{4}-\d{2}$", r"^DE\d+$", r"\(\)*"])
def test_a_plain_pattern_is_taken(pattern: str) -> None:
    assert Options(json_schema={"type": "string", "pattern": pattern}).json_schema is not None


def test_blank_documents_and_messages_are_refused() -> None:
    with pytest.raises(ValidationError, match="blank"):
        JobRequest(document={"text": " \n"})
    with pytest.raises(ValidationError, match="blank"):
        JobRequest(messages=[{"role": "user", "content": "\t"}])


def test_a_batch_s_callback_must_be_a_web_address() -> None:
    with pytest.raises(ValidationError, match="http"):
        BatchRequest(callback_url="foo")
