"""The tables that turn refusals into our errors."""

from datetime import UTC, datetime, timedelta

import httpx2
import openai
import pytest

from staffel.contracts.errors import (
    ContextExceededError,
    ProviderOverloadedError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    StaffelError,
)
from workers.providers.anthropic_protocol import structured_output
from workers.providers.errors import (
    ContextLengthRejectedError,
    Refusal,
    error_of,
    readable_message,
    retry_after,
    storable,
)
from workers.providers.openai_protocol import translated
from workers.providers.seam import ModelRequest

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REQUEST = ModelRequest(
    turns=(), max_output_tokens=100, temperature=None, json_schema=None, timeout=timedelta(seconds=1)
)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (307, ProviderRejectedError),
        (400, ProviderRejectedError),
        (401, ProviderUnauthorizedError),
        (403, ProviderUnauthorizedError),
        (404, ProviderRejectedError),
        (408, ProviderOverloadedError),
        (422, ProviderRejectedError),
        (429, ProviderOverloadedError),
        (500, ProviderOverloadedError),
        (529, ProviderOverloadedError),
    ],
)
def test_a_status_decides_the_error(status: int, expected: type[StaffelError]) -> None:
    assert type(error_of(Refusal(status, {}), None)) is expected


def test_a_code_says_more_than_the_status() -> None:
    quota = error_of(Refusal(429, {}, "text", ("insufficient_quota", None)), None)
    length = error_of(Refusal(400, {}, "text", (None, "context_length_exceeded")), None)
    assert type(quota) is ProviderUnauthorizedError
    assert type(length) is ContextLengthRejectedError
    assert length.code == "context_exceeded"


def test_the_text_of_a_message_decides_nothing() -> None:
    assert (
        type(error_of(Refusal(400, {}, "context_length_exceeded, rate limit"), None)) is ProviderRejectedError
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, timedelta(seconds=7)),
        ({"retry-after": "0.5"}, timedelta(seconds=0.5)),
        ({"retry-after-ms": "250", "retry-after": "1"}, timedelta(milliseconds=250)),
        ({"retry-after": "Fri, 20 Nov 2026 12:01:30 GMT"}, timedelta(seconds=90)),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, timedelta()),
        ({"retry-after": "1e300"}, timedelta(days=1)),
        ({"retry-after": "inf"}, timedelta(days=1)),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_a_wait_is_read_in_each_of_its_forms(headers: dict[str, str], expected: timedelta | None) -> None:
    assert retry_after(headers, NOW) == expected


def test_a_message_is_one_short_line_without_the_key() -> None:
    message = readable_message("key sk-1234 is\nbad " + "x" * 500, "sk-1234")
    assert message.startswith("key *** is bad xxx")
    assert len(message) == 300


def test_a_key_is_struck_out_before_the_message_is_cut() -> None:
    assert "sk-1234" not in readable_message("x" * 296 + "sk-1234", "sk-1234")
    assert "sk-1" not in readable_message("x" * 296 + "sk-1234", "sk-1234")


def test_halves_of_surrogate_pairs_are_replaced_and_whole_pairs_joined() -> None:
    assert storable("a\ud83d b\x00c") == "a� bc"
    assert storable("\ud83d\ude00") == "😀"


def test_llama_cpp_names_both_counts_of_an_overlong_prompt() -> None:
    response = httpx2.Response(400, request=httpx2.Request("POST", "http://here/v1"))
    body = {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 932, "n_ctx": 512}
    error = translated(openai.BadRequestError("too long", response=response, body=body), REQUEST, None)
    assert isinstance(error, ContextExceededError)
    assert (error.needed_tokens, error.available_tokens) == (1032, 512)


def test_structured_output_takes_a_closed_schema() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    transformed = structured_output(schema)
    assert transformed is not None
    assert transformed["additionalProperties"] is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}},
        {"minimum": 3},
        {"type": ["string", "null"]},
        {"type": "array", "items": True},
    ],
)
def test_structured_output_is_not_used_where_it_would_say_something_else(schema: dict[str, object]) -> None:
    assert structured_output(schema) is None
