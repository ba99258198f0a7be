"""What every provider gives back for an answer."""

import asyncio
import json
from datetime import timedelta

import jsonschema
import pytest

from staffel.fleet import Protocol
from staffel.fleet.prices import TokenUsage
from tests.conformance.providers.scripted_server import KEY, MODEL, ScriptedServer, base_url, request
from workers.providers.gate import open_provider
from workers.providers.seam import Endpoint, FinishReason, Provider, Turn

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "rank": {"enum": ["captain", "mate", "cook"]},
        "ships": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["name", "rank", "ships"],
}


async def test_a_call_brings_back_the_answer(server: ScriptedServer, provider: Provider) -> None:
    server.play(text="Three ships lie there.")
    reply = await provider.complete(MODEL, request())
    assert reply.text == "Three ships lie there."
    assert reply.finish_reason is FinishReason.STOP
    assert timedelta() < reply.latency < timedelta(seconds=20)
    assert server.ledger()[0]["model"] == MODEL


async def test_all_turns_reach_the_model_in_order(server: ScriptedServer, provider: Provider) -> None:
    turns = (Turn("system", "s [[id:job-1]]"), Turn("user", "u"), Turn("assistant", "a"), Turn("user", "v"))
    await provider.complete(MODEL, request(turns=turns))
    assert server.ledger()[0]["marker"] == "job-1"
    assert server.ledger()[0]["input_tokens"] == 5


async def test_a_conversation_of_instructions_alone_is_answered(provider: Provider) -> None:
    reply = await provider.complete(MODEL, request(turns=(Turn("system", "Say hello."),)))
    assert reply.text


async def test_the_usage_is_exactly_what_was_charged(
    server: ScriptedServer, provider: Provider, protocol: Protocol
) -> None:
    server.play(cached_tokens=3)
    reply = await provider.complete(MODEL, request())
    charged = server.ledger()[0]
    cached = 0 if protocol is Protocol.OLLAMA else 3  # its protocol does not speak of a cache
    assert reply.usage == TokenUsage(charged["input_tokens"], charged["output_tokens"], cached)
    assert charged["input_tokens"] == 11


async def test_usage_that_the_server_omits_is_unknown_and_not_zero(
    server: ScriptedServer, provider: Provider
) -> None:
    server.play(omit_usage=True)
    reply = await provider.complete(MODEL, request())
    assert reply.usage is None
    assert reply.text


async def test_the_request_id_is_the_one_of_the_server(
    server: ScriptedServer, provider: Provider, protocol: Protocol
) -> None:
    reply = await provider.complete(MODEL, request())
    given = server.ledger()[0]["request_id"]
    assert reply.request_id == (None if protocol is Protocol.OLLAMA else given)


async def test_an_answer_under_a_schema_is_valid_json(provider: Provider) -> None:
    reply = await provider.complete(MODEL, request(json_schema=PERSON))
    jsonschema.validate(json.loads(reply.text), PERSON)


@pytest.mark.parametrize(
    "schema",
    [{"type": "object"}, {"type": "object", "additionalProperties": {"type": "string"}}, {"minimum": 3}],
    ids=["any-object", "free-keys", "no-type"],
)
async def test_an_open_schema_does_not_stop_the_call(provider: Provider, schema: dict[str, object]) -> None:
    reply = await provider.complete(MODEL, request(json_schema=schema))
    assert reply.text


async def test_the_output_limit_cuts_the_answer(server: ScriptedServer, provider: Provider) -> None:
    server.play(text="one two three four five")
    reply = await provider.complete(MODEL, request(max_output_tokens=2))
    assert reply.text == "one two"
    assert reply.finish_reason is FinishReason.LENGTH
    assert reply.usage is not None
    assert reply.usage.output_tokens == 2


async def test_an_answer_that_the_server_cuts_says_so(server: ScriptedServer, provider: Provider) -> None:
    server.play(truncate=True)
    reply = await provider.complete(MODEL, request())
    assert reply.finish_reason is FinishReason.LENGTH


async def test_an_answer_with_nul_and_broken_unicode_becomes_storable(
    server: ScriptedServer, provider: Provider
) -> None:
    server.play(text="Three ships.", nul=True)
    reply = await provider.complete(MODEL, request())
    assert reply.text.startswith("Three ships.")
    assert "\x00" not in reply.text
    assert reply.text.encode("utf-8")


async def test_an_empty_answer_is_an_answer(server: ScriptedServer, provider: Provider) -> None:
    server.play(text="")
    reply = await provider.complete(MODEL, request())
    assert reply.text == ""


async def test_parallel_calls_share_a_client_and_keep_their_answers(
    server: ScriptedServer, provider: Provider
) -> None:
    server.follow(
        *({"match": {"marker": str(n)}, "action": {"text": f"answer {n}", "delay_ms": 50}} for n in range(30))
    )
    calls = (provider.complete(MODEL, request(f"[[id:{n}]]")) for n in range(30))
    replies = await asyncio.gather(*calls)
    assert [reply.text for reply in replies] == [f"answer {n}" for n in range(30)]
    assert len(server.ledger()) == 30


async def test_a_slow_answer_arrives_whole(server: ScriptedServer, provider: Provider) -> None:
    server.play(text="Three ships lie there.", delay_ms=50, drip_ms=5)
    reply = await provider.complete(MODEL, request())
    assert reply.text == "Three ships lie there."


async def test_a_local_provider_is_reached_without_the_proxy_of_the_environment(
    server: ScriptedServer, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    provider = open_provider(protocol, Endpoint(base_url(protocol, server.url), KEY, local=True))
    try:
        reply = await provider.complete(MODEL, request())
    finally:
        await provider.close()
    assert reply.text
