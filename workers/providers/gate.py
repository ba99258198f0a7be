"""The one gate before every provider: data class, availability, price and circuit, whoever calls."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Self
from weakref import WeakKeyDictionary

from staffel.contracts.errors import (
    ConfigurationError,
    CostLimitError,
    DataClassError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
)
from staffel.contracts.privacy import DataClass, Residency
from staffel.fleet import Fleet, Protocol
from staffel.fleet import Provider as ProviderSpec
from staffel.fleet.prices import TokenUsage, token_price
from workers.providers.breaker import AlwaysClosed, Guard, circuit_name
from workers.providers.cost import highest_cost
from workers.providers.seam import Endpoint, ModelReply, ModelRequest, Provider

Opener = Callable[[Protocol, Endpoint], Provider]


def adapter_of(protocol: Protocol) -> Callable[[Endpoint], Provider]:
    """What speaks the protocol. The first use imports the vendor's SDK, which may take seconds."""
    match protocol:
        case Protocol.OPENAI:
            from workers.providers.openai_protocol import OpenAIProvider

            return OpenAIProvider
        case Protocol.ANTHROPIC:
            from workers.providers.anthropic_protocol import AnthropicProvider

            return AnthropicProvider
        case Protocol.OLLAMA:
            from workers.providers.ollama_protocol import OllamaProvider

            return OllamaProvider


def open_provider(protocol: Protocol, endpoint: Endpoint) -> Provider:
    return adapter_of(protocol)(endpoint)


class Providers:
    """All providers of the fleet behind the gate. Each is opened at its first call, once an event loop."""

    def __init__(
        self,
        fleet: Fleet,
        endpoints: Mapping[str, Endpoint],
        unavailable: Mapping[str, str],
        *,
        opener: Opener = open_provider,
        guard: Guard | None = None,
    ) -> None:
        self._fleet = fleet
        self._guard = guard or AlwaysClosed()
        self._circuits = {name: circuit_name(name, endpoint) for name, endpoint in endpoints.items()}
        self._endpoints = endpoints
        self._unavailable = unavailable
        self._opener = opener
        self._opened: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Provider]] = WeakKeyDictionary()

    @classmethod
    def of(
        cls,
        fleet: Fleet,
        environment: Mapping[str, str],
        embedded_base_url: str | None,
        embedded_key: str | None,
        *,
        opener: Opener = open_provider,
        guard: Guard | None = None,
    ) -> Self:
        """The fleet's providers with the keys that stand in `environment`.

        `embedded_base_url` and `embedded_key` are the running embedded model's, None when there is none.
        """
        endpoints: dict[str, Endpoint] = {}
        unavailable: dict[str, str] = {}
        for name, spec in fleet.providers.items():
            key = (
                embedded_key if spec.embedded else environment.get(spec.api_key_env or "", "").strip() or None
            )
            base_url = embedded_base_url if spec.embedded else spec.base_url
            if (reason := _missing(spec, key, base_url)) is not None:
                unavailable[name] = reason
            local = spec.residency is Residency.LOCAL
            endpoints[name] = Endpoint(base_url, key, local, _contexts(fleet, name))
        return cls(fleet, endpoints, unavailable, opener=opener, guard=guard)

    def unavailable_reason(self, model: str) -> str | None:
        """Why the model cannot be called as things stand, for people to read; None when it can."""
        if model not in self._fleet.models:
            return f"there is no model {model!r}"
        return self._unavailable.get(self._fleet.models[model].provider)

    async def complete(
        self, model: str, request: ModelRequest, *, data_class: DataClass, max_cost_usd: Decimal | None
    ) -> ModelReply:
        """One call, once it passed the gate.

        Raises ConfigurationError, DataClassError, CostLimitError and CircuitOpenError of its own, with
        nothing sent, and what the provider raises.
        """
        self._check_data_class(model, data_class)
        self._check_available(model)
        self._check_cost(model, request, max_cost_usd)
        spec = self._fleet.models[model]
        asked = replace(
            request,
            json_schema=request.json_schema if spec.json_schema else None,
            timeout=min(request.timeout, self._fleet.provider_of(model).timeout),
        )
        elsewhere = self._fleet.tiers_beyond(spec.provider, data_class)
        async with self._guard.call(self._circuits[spec.provider], elsewhere):
            return await self._provider(spec.provider).complete(spec.remote_name or model, asked)

    def charge_usd(self, model: str, usage: TokenUsage) -> Decimal:
        """What the provider charges for a call, USD; 0 for local models and where no price is known."""
        local = self._fleet.residency_of(model) is Residency.LOCAL
        price = None if local else token_price(self._fleet, model, usage)
        return price.amount_usd if price else Decimal(0)

    async def close(self) -> None:
        """Closes what was opened on the running event loop."""
        async with AsyncExitStack() as closing:
            for provider in self._opened.pop(asyncio.get_running_loop(), {}).values():
                closing.push_async_callback(provider.close)

    def _check_data_class(self, model: str, data_class: DataClass) -> None:
        if model not in self._fleet.models:
            raise ConfigurationError(f"fleet.toml: there is no model {model!r}")
        if not self._fleet.permits(data_class, model):
            name, residency = self._fleet.models[model].provider, self._fleet.residency_of(model)
            raise DataClassError(
                f"data class {data_class.value} does not permit provider {name} (residency {residency.value})"
            )

    def _check_available(self, model: str) -> None:
        reason = self.unavailable_reason(model)
        if reason is None:
            return
        embedded = self._fleet.provider_of(model).embedded
        raise ProviderUnavailableError(reason) if embedded else ProviderUnauthorizedError(reason)

    def _check_cost(self, model: str, request: ModelRequest, max_cost_usd: Decimal | None) -> None:
        if max_cost_usd is None or self._fleet.residency_of(model) is Residency.LOCAL:
            return  # local models cost their slot's time, whatever the prompt
        cost = highest_cost(self._fleet, model, request)
        if cost is None:
            raise CostLimitError(
                f"the price of {model} is unknown, so max_cost_usd {max_cost_usd} cannot be kept"
            )
        if cost.amount_usd > max_cost_usd:
            raise CostLimitError(
                f"a call of {model} could cost {cost.amount_usd:f} USD ({cost.input_tokens} input and "
                f"{cost.output_tokens} output tokens), max_cost_usd allows {max_cost_usd:f}"
            )

    def _provider(self, name: str) -> Provider:
        opened = self._opened.setdefault(asyncio.get_running_loop(), {})
        if name not in opened:
            opened[name] = self._opener(self._fleet.providers[name].protocol, self._endpoints[name])
        return opened[name]


def _missing(spec: ProviderSpec, key: str | None, base_url: str | None) -> str | None:
    if spec.embedded:
        return None if base_url else "embedded model is not running"
    return f"no key in {spec.api_key_env}" if spec.api_key_env and not key else None


def _contexts(fleet: Fleet, provider: str) -> dict[str, int]:
    return {
        model.remote_name or name: model.context_tokens
        for name, model in fleet.models.items()
        if model.provider == provider
    }
