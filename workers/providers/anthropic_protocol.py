"""Anthropic's messages. The protocol knows no temperature any more, so a request's is not sent."""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import anthropic
from pydantic import BaseModel, ConfigDict

from staffel.contracts.errors import ProviderRejectedError, ProviderUnavailableError, StaffelError
from staffel.fleet.prices import TokenUsage
from workers.providers.connection import CONNECT_TIMEOUT, PLACEHOLDER_KEY, quiet_logger, routes
from workers.providers.errors import (
    Refusal,
    error_of,
    storable,
    time_limit,
    unreadable_answer,
    without_text,
)
from workers.providers.seam import Endpoint, FinishReason, ModelReply, ModelRequest

# Said out loud, because the SDK would otherwise let the environment choose where content goes.
DEFAULT_BASE_URL = "https://api.anthropic.com"

ERRORS: Mapping[type[anthropic.AnthropicError], type[StaffelError]] = {
    anthropic.APIConnectionError: ProviderUnavailableError,
    anthropic.APIError: ProviderUnavailableError,
    anthropic.AnthropicError: ProviderRejectedError,
}

FINISH_REASONS = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "refusal": FinishReason.REFUSAL,
}


class _Part(BaseModel):
    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class _Block(_Part):
    type: str
    # Not declared as text: half a surrogate pair is no valid text and is mended below.
    text: Any = None


class _Usage(_Part):
    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(_Part):
    id: str | None = None
    content: tuple[_Block, ...]
    stop_reason: str | None = None
    usage: _Usage | None = None


class AnthropicProvider:
    """Speaks messages with one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        quiet_logger("anthropic")
        self._key = endpoint.key
        self._client = anthropic.AsyncAnthropic(
            api_key=endpoint.key or PLACEHOLDER_KEY,
            base_url=endpoint.base_url or DEFAULT_BASE_URL,
            max_retries=0,
            # Its spans can be told by the environment to carry prompts.
            open_telemetry=False,
            http_client=anthropic.DefaultAsyncHttpxClient(follow_redirects=False, mounts=routes(endpoint)),
        )

    async def complete(self, model: str, request: ModelRequest) -> ModelReply:
        started = time.monotonic()
        try:
            async with time_limit(request.timeout):
                message = await self._client.messages.create(**_body(model, request))
            answer = _Message.model_validate(message)
        except anthropic.AnthropicError as error:
            raise _translated(error, self._key) from without_text(error)
        except ValueError:
            # Not chained: the error of the parser quotes the answer.
            raise unreadable_answer() from None
        request_id = message._request_id or answer.id
        return _reply(answer, request_id, timedelta(seconds=time.monotonic() - started))

    async def close(self) -> None:
        await self._client.close()


def _body(model: str, request: ModelRequest) -> dict[str, Any]:
    limit_s = request.timeout.total_seconds()
    system = [turn.content for turn in request.turns if turn.role == "system"]
    messages = [{"role": t.role, "content": t.content} for t in request.turns if t.role != "system"]
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_output_tokens,
        "timeout": anthropic.Timeout(limit_s, connect=min(limit_s, CONNECT_TIMEOUT.total_seconds())),
    }
    if request.json_schema is not None:
        if (schema := structured_output(request.json_schema)) is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        else:
            system.append(f"Answer with JSON only, valid under this schema: {_json(request.json_schema)}")
    if not messages:  # the protocol wants at least one turn of the user
        messages, system = [{"role": "user", "content": "\n\n".join(system)}], []
    if system:
        body["system"] = "\n\n".join(system)
    return {**body, "messages": messages}


def structured_output(schema: Mapping[str, object]) -> dict[str, Any] | None:
    """The schema as structured output takes it; None when it cannot say the same.

    Structured output closes every object, so that one with free keys could only be answered with `{}`.
    """
    if _has_free_keys(schema):
        return None
    try:
        return anthropic.transform_schema(dict(schema))
    except (ValueError, TypeError, AttributeError, AssertionError):  # its ways to say "not supported"
        return None


def _has_free_keys(node: object) -> bool:
    if isinstance(node, Mapping):
        if node.get("type") == "object" and not node.get("properties"):
            return True
        return any(_has_free_keys(child) for child in node.values())
    return isinstance(node, list) and any(_has_free_keys(child) for child in node)


def _json(schema: Mapping[str, object]) -> str:
    return json.dumps(dict(schema), ensure_ascii=False)


def _reply(answer: _Message, request_id: str | None, latency: timedelta) -> ModelReply:
    texts = [block.text for block in answer.content if block.type == "text" and isinstance(block.text, str)]
    return ModelReply(
        text=storable("".join(texts)),
        finish_reason=FINISH_REASONS.get(answer.stop_reason or "", FinishReason.OTHER),
        usage=_usage(answer.usage),
        request_id=request_id,
        latency=latency,
    )


def _usage(usage: _Usage | None) -> TokenUsage | None:
    """Anthropic counts cached tokens beside `input_tokens`; ours includes them."""
    if usage is None:
        return None
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    return TokenUsage(usage.input_tokens + read + written, usage.output_tokens, read)


def _translated(error: anthropic.AnthropicError, secret: str | None) -> StaffelError:
    if isinstance(error, anthropic.APIStatusError):
        refusal = Refusal(
            error.status_code, error.response.headers, error.api_message, (error.error_code, error.type)
        )
        return error_of(refusal, secret)
    family = next(ours for theirs, ours in ERRORS.items() if isinstance(error, theirs))
    return family(f"no answer: {type(error).__name__}")
