"""What every provider makes of a server that fails."""

import asyncio
import logging
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from staffel.contracts.errors import (
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
)
from staffel.fleet import Protocol
from tests.conformance.providers.scripted_server import KEY, MODEL, ScriptedServer, base_url, request
from workers.providers.gate import open_provider
from workers.providers.seam import Endpoint, Provider

SECRET_PROMPT = "The treasure lies under the third palm."


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
async def test_a_server_that_cannot_answer_now_is_asked_exactly_once(
    server: ScriptedServer, provider: Provider, status: int
) -> None:
    server.play(status=status)
    with pytest.raises(ProviderUnavailableError, match=f"HTTP {status}"):
        await provider.complete(MODEL, request())
    assert [entry["outcome"] for entry in server.ledger()] == ["refused"]


async def test_a_wait_asked_for_in_seconds_is_passed_on(server: ScriptedServer, provider: Provider) -> None:
    server.play(status=429, retry_after=7)
    with pytest.raises(ProviderUnavailableError) as caught:
        await provider.complete(MODEL, request())
    assert caught.value.retry_after == timedelta(seconds=7)


async def test_a_wait_asked_for_as_a_date_is_passed_on(server: ScriptedServer, provider: Provider) -> None:
    moment = datetime.now(UTC) + timedelta(hours=1)
    server.play(status=503, retry_after=format_datetime(moment, usegmt=True))
    with pytest.raises(ProviderUnavailableError) as caught:
        await provider.complete(MODEL, request())
    assert caught.value.retry_after is not None
    assert timedelta(minutes=58) < caught.value.retry_after <= timedelta(hours=1)


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_key_is_for_people_to_mend(
    server: ScriptedServer, provider: Provider, status: int
) -> None:
    server.play(status=status)
    with pytest.raises(ProviderUnauthorizedError, match=f"HTTP {status}"):
        await provider.complete(MODEL, request())
    assert len(server.ledger()) == 1


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_a_refused_request_is_final_and_says_why(
    server: ScriptedServer, provider: Provider, status: int
) -> None:
    server.play(status=status, error_message="there is no such model\nat all")
    with pytest.raises(ProviderRejectedError, match="there is no such model at all"):
        await provider.complete(MODEL, request())
    assert len(server.ledger()) == 1


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_key_quoted_by_the_server_stays_out_of_error_and_traceback(
    server: ScriptedServer, provider: Provider, status: int
) -> None:
    server.play(status=status, error_message=f"bad key {KEY} for '{SECRET_PROMPT}' " + "x" * 1000)
    with pytest.raises(
        (ProviderRejectedError, ProviderUnauthorizedError, ProviderUnavailableError)
    ) as caught:
        await provider.complete(MODEL, request())
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert len(caught.value.message) < 320


async def test_an_answer_cut_off_in_the_middle_is_unavailable_and_the_next_call_works(
    server: ScriptedServer, provider: Provider
) -> None:
    server.follow({"match": {"nth": 1}, "action": {"reset": True}})
    with pytest.raises(ProviderUnavailableError):
        await provider.complete(MODEL, request())
    assert [entry["outcome"] for entry in server.ledger()] == ["reset"]
    assert (await provider.complete(MODEL, request())).text


async def test_broken_json_is_unavailable_and_not_quoted(server: ScriptedServer, provider: Provider) -> None:
    server.play(text="The answer is a secret. " * 20, broken_json=True)
    with pytest.raises(ProviderUnavailableError, match="cannot be read") as caught:
        await provider.complete(MODEL, request())
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    assert len(server.ledger()) == 1


async def test_a_server_that_hangs_runs_into_the_time_limit(
    server: ScriptedServer, provider: Provider
) -> None:
    server.play(hang=True)
    with pytest.raises(ProviderUnavailableError):
        await provider.complete(MODEL, request(timeout=timedelta(seconds=0.3)))
    [entry] = server.ledger(settled=1)
    assert (entry["outcome"], entry["ending"]) == ("hung", "left")


async def test_a_dripping_answer_runs_into_the_limit_of_the_whole_call(
    server: ScriptedServer, provider: Provider
) -> None:
    server.play(text="word " * 200, drip_ms=100)
    with pytest.raises(ProviderUnavailableError, match=r"no answer within 0\.5 s"):
        await provider.complete(MODEL, request(timeout=timedelta(seconds=0.5)))
    assert server.ledger(settled=1)[0]["ending"] == "left"


async def test_cancelling_the_task_closes_the_connection(server: ScriptedServer, provider: Provider) -> None:
    server.play(hang=True)
    call = asyncio.create_task(provider.complete(MODEL, request()))
    await asyncio.to_thread(server.ledger, recorded=1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    rows = await asyncio.to_thread(server.ledger, settled=1)
    assert [row["ending"] for row in rows] == ["left"]


async def test_content_is_not_sent_on_to_where_a_server_points(
    server: ScriptedServer, provider: Provider
) -> None:
    server.play(status=307, location=f"{server.url}/v1/messages")
    with pytest.raises(ProviderRejectedError, match="HTTP 307"):
        await provider.complete(MODEL, request())
    assert len(server.ledger()) == 1


async def test_a_server_that_is_not_there_is_unavailable(protocol: Protocol, unused_tcp_port: int) -> None:
    address = base_url(protocol, f"http://127.0.0.1:{unused_tcp_port}")
    provider = open_provider(protocol, Endpoint(address, KEY, local=True))
    try:
        with pytest.raises(ProviderUnavailableError, match="no answer"):
            await provider.complete(MODEL, request())
    finally:
        await provider.close()


async def test_neither_prompt_nor_key_is_logged_at_any_level(
    server: ScriptedServer, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await provider.complete(MODEL, request(SECRET_PROMPT))
    assert KEY not in caplog.text
    assert "treasure" not in caplog.text
