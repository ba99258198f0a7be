"""What the fleet asks of a language model and what it gets back, whatever protocol lies between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Literal, Protocol

from staffel.fleet.prices import TokenUsage


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call. A temperature of None leaves the choice to the model; `timeout` limits the whole call."""

    turns: tuple[Turn, ...]
    max_output_tokens: int
    temperature: float | None
    json_schema: Mapping[str, object] | None
    timeout: timedelta


class FinishReason(StrEnum):
    """Why the model stopped. `length` covers the output limit and a full context."""

    STOP = "stop"
    LENGTH = "length"
    REFUSAL = "refusal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ModelReply:
    """An answer. `usage` is None when the server did not say what it counted."""

    text: str
    finish_reason: FinishReason
    usage: TokenUsage | None
    request_id: str | None
    latency: timedelta


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is reached. A `local` one is never reached through a proxy of the environment.

    `base_url` is written as the vendor's SDK takes it: with `/v1` for openai, without for the others.
    `context_tokens` holds the declared context of each model by its remote name.
    """

    base_url: str | None
    key: str | None = field(repr=False)
    local: bool
    context_tokens: Mapping[str, int] = field(default_factory=dict)


class Provider(Protocol):
    """One endpoint that answers. Errors are those of `staffel.contracts.errors`.

    Cancelling `complete` closes the connection, so that the server stops working. Nothing is tried twice.
    """

    async def complete(self, model: str, request: ModelRequest) -> ModelReply: ...

    async def close(self) -> None: ...
