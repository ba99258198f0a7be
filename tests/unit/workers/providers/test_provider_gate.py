"""The gate checks every call before a provider sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import pytest

from staffel.contracts.errors import (
    CircuitOpenError,
    ConfigurationError,
    CostLimitError,
    DataClassError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
)
from staffel.contracts.privacy import DataClass
from staffel.contracts.tiers import Tier
from staffel.fleet import Fleet, Protocol
from staffel.fleet.loader import parse_fleet
from workers.providers.breaker import Guard
from workers.providers.gate import Providers, adapter_of
from workers.providers.seam import Endpoint, FinishReason, ModelReply, ModelRequest, Turn

FLEET = """
baseline_model = "claude-sonnet-5-5"
[providers.embedded]
protocol = "openai"
residency = "local"
embedded = true
[providers.house]
protocol = "ollama"
residency = "local"
base_url = "http://house:11434"
[providers.anthropic]
protocol = "anthropic"
residency = "world"
api_key_env = "ANTHROPIC_API_KEY"
[providers.unpriced]
protocol = "openai"
residency = "eu"
base_url = "https://models.example.eu/v1"
[models.small]
provider = "embedded"
context_tokens = 2048
[models.llama]
provider = "house"
context_tokens = 8192
remote_name = "llama4:8b"
json_schema = false
[models."claude-sonnet-5-5"]
provider = "anthropic"
context_tokens = 200_000
[models.own]
provider = "unpriced"
context_tokens = 8192
[tiers."fast-1.5b"]
models = ["small"]
[pools.fast]
tier = "fast-1.5b"
"""

REPLY = ModelReply("yes", FinishReason.STOP, None, None, timedelta(milliseconds=1))
KEYS = {"ANTHROPIC_API_KEY": "k"}


class FakeProvider:
    """Remembers what it was asked."""

    def __init__(self, protocol: Protocol, endpoint: Endpoint) -> None:
        self.protocol = protocol
        self.endpoint = endpoint
        self.calls: list[tuple[str, ModelRequest]] = []
        self.closed = False

    async def complete(self, model: str, request: ModelRequest) -> ModelReply:
        self.calls.append((model, request))
        return REPLY

    async def close(self) -> None:
        self.closed = True


class House:
    """A gate in front of fakes."""

    def __init__(
        self,
        environment: dict[str, str] | None = None,
        embedded: str | None = "http://here/v1",
        guard: Guard | None = None,
    ) -> None:
        self.opened: list[FakeProvider] = []
        fleet: Fleet = parse_fleet(FLEET, source="test")
        given = KEYS if environment is None else environment
        self.gate = Providers.of(fleet, given, embedded, "embedded-key", opener=self._open, guard=guard)

    def _open(self, protocol: Protocol, endpoint: Endpoint) -> FakeProvider:
        self.opened.append(FakeProvider(protocol, endpoint))
        return self.opened[-1]

    async def ask(
        self,
        model: str,
        data_class: DataClass = DataClass.INTERNAL,
        max_cost_usd: str | None = None,
        max_output_tokens: int = 100,
    ) -> ModelReply:
        request = ModelRequest(
            turns=(Turn("user", "Is it so?"),),
            max_output_tokens=max_output_tokens,
            temperature=0.0,
            json_schema={"type": "boolean"},
            timeout=timedelta(seconds=1),
        )
        limit = None if max_cost_usd is None else Decimal(max_cost_usd)
        return await self.gate.complete(model, request, data_class=data_class, max_cost_usd=limit)


async def test_a_permitted_call_reaches_the_provider_by_the_models_remote_name() -> None:
    house = House()
    assert await house.ask("llama") is REPLY
    assert house.opened[0].protocol is Protocol.OLLAMA
    assert house.opened[0].calls[0][0] == "llama4:8b"
    assert house.opened[0].endpoint.context_tokens == {"llama4:8b": 8192}


async def test_a_model_that_cannot_keep_to_a_schema_is_not_sent_one() -> None:
    house = House()
    await house.ask("llama")
    await house.ask("small")
    assert house.opened[0].calls[0][1].json_schema is None
    assert house.opened[1].calls[0][1].json_schema == {"type": "boolean"}


@pytest.mark.parametrize("protocol", Protocol)
async def test_every_protocol_has_an_adapter(protocol: Protocol) -> None:
    provider = adapter_of(protocol)(Endpoint("http://127.0.0.1:1/v1", "k", local=True))
    assert await provider.close() is None


class ShutGuard:
    """Every circuit is open."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, frozenset[Tier]]] = []

    @asynccontextmanager
    async def call(self, circuit: str, tiers_elsewhere: frozenset[Tier], /) -> AsyncIterator[None]:
        self.asked.append((circuit, tiers_elsewhere))
        raise CircuitOpenError(retry_after=timedelta(seconds=1))
        yield


async def test_nothing_is_sent_while_the_circuit_of_the_provider_is_open() -> None:
    guard = ShutGuard()
    house = House(guard=guard)
    with pytest.raises(CircuitOpenError):
        await house.ask("claude-sonnet-5-5", DataClass.PUBLIC)
    assert house.opened == []
    assert guard.asked == [("anthropic", frozenset({Tier.FAST}))]


async def test_a_call_that_the_gate_forbids_does_not_ask_the_circuit() -> None:
    guard = ShutGuard()
    with pytest.raises(DataClassError):
        await House(guard=guard).ask("claude-sonnet-5-5", DataClass.RESTRICTED)
    assert guard.asked == []


async def test_the_embedded_model_is_called_at_its_address_with_its_key() -> None:
    house = House()
    await house.ask("small", DataClass.RESTRICTED)
    endpoint = house.opened[0].endpoint
    assert (endpoint.base_url, endpoint.key, endpoint.local) == ("http://here/v1", "embedded-key", True)


@pytest.mark.parametrize("data_class", [DataClass.CONFIDENTIAL, DataClass.RESTRICTED])
async def test_a_data_class_keeps_content_from_a_provider_outside(data_class: DataClass) -> None:
    house = House()
    with pytest.raises(DataClassError, match=r"anthropic \(residency world\)"):
        await house.ask("claude-sonnet-5-5", data_class)
    assert house.opened == []


async def test_a_call_that_could_cost_too_much_is_not_made_and_the_amounts_are_named() -> None:
    house = House()
    with pytest.raises(CostLimitError, match=r"could cost 0\.\d+ USD .*100 output tokens.* allows 0\.000001"):
        await house.ask("claude-sonnet-5-5", max_cost_usd="0.000001")
    assert house.opened == []


async def test_the_output_limit_counts_towards_the_cost() -> None:
    house = House()
    assert await house.ask("claude-sonnet-5-5", max_cost_usd="0.01") is REPLY
    with pytest.raises(CostLimitError):
        await house.ask("claude-sonnet-5-5", max_cost_usd="0.01", max_output_tokens=100_000)


async def test_a_local_model_is_free_under_any_cost_limit() -> None:
    assert await House().ask("small", max_cost_usd="0.000000001") is REPLY


async def test_a_cost_limit_cannot_be_kept_where_the_price_is_unknown() -> None:
    house = House()
    with pytest.raises(CostLimitError, match="the price of own is unknown"):
        await house.ask("own", max_cost_usd="1")
    assert await house.ask("own") is REPLY


async def test_a_missing_key_is_named_by_its_variable() -> None:
    house = House(environment={"ANTHROPIC_API_KEY": "  "})
    assert house.gate.unavailable_reason("claude-sonnet-5-5") == "no key in ANTHROPIC_API_KEY"
    with pytest.raises(ProviderUnauthorizedError, match="no key in ANTHROPIC_API_KEY"):
        await house.ask("claude-sonnet-5-5")


async def test_an_embedded_model_that_does_not_run_is_unavailable() -> None:
    house = House(embedded=None)
    assert house.gate.unavailable_reason("small") == "embedded model is not running"
    with pytest.raises(ProviderUnavailableError, match="not running"):
        await house.ask("small")


async def test_a_model_that_can_be_called_has_no_reason_against_it() -> None:
    gate = House().gate
    assert [gate.unavailable_reason(m) for m in ("small", "llama", "own", "claude-sonnet-5-5")] == [None] * 4


async def test_a_model_that_is_not_in_the_fleet_is_a_fault_of_the_configuration() -> None:
    house = House()
    assert house.gate.unavailable_reason("gone") == "there is no model 'gone'"
    with pytest.raises(ConfigurationError, match="'gone'"):
        await house.ask("gone")


async def test_a_provider_is_opened_once_and_closed_with_the_gate() -> None:
    house = House()
    await house.ask("small")
    await house.ask("small")
    await house.gate.close()
    assert [provider.closed for provider in house.opened] == [True]


def test_each_event_loop_has_clients_of_its_own() -> None:
    house = House()
    asyncio.run(house.ask("small"))
    asyncio.run(house.ask("small"))
    assert len(house.opened) == 2


def test_a_key_does_not_show_when_an_endpoint_is_printed() -> None:
    assert "k-123" not in repr(Endpoint("http://house", "k-123", local=True))
