"""Ollama's own chat protocol."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Never

import httpx
import ollama

from staffel.contracts.errors import (
    ContextExceededError,
    ProviderRejectedError,
    ProviderUnavailableError,
    StaffelError,
)
from staffel.fleet.prices import TokenUsage
from workers.providers.connection import CONNECT_TIMEOUT, PLACEHOLDER_KEY, quiet_logger, routes
from workers.providers.cost import highest_input_tokens
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
DEFAULT_BASE_URL = "http://127.0.0.1:11434"

#: As the other two SDKs have it; the default of httpx is fewer than a large pool has slots.
LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)

ERRORS: Mapping[type[Exception], type[StaffelError]] = {
    ConnectionError: ProviderUnavailableError,  # the SDK's word for a refused connection
    httpx.TransportError: ProviderUnavailableError,
    httpx.DecodingError: ProviderUnavailableError,
    ollama.RequestError: ProviderRejectedError,
}

FINISH_REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class OllamaProvider:
    """Speaks Ollama's chat with one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        quiet_logger("httpx")
        self._key = endpoint.key
        self._context_tokens = endpoint.context_tokens
        self._client = ollama.AsyncClient(
            host=endpoint.base_url or DEFAULT_BASE_URL,
            headers={"authorization": f"Bearer {endpoint.key or PLACEHOLDER_KEY}"},
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT.total_seconds()),
            limits=LIMITS,
            follow_redirects=False,
            mounts=routes(endpoint),
            event_hooks={"response": [self._refuse]},
        )

    async def complete(self, model: str, request: ModelRequest) -> ModelReply:
        self._refuse_what_would_be_cut(model, request)
        started = time.monotonic()
        try:
            async with time_limit(request.timeout):
                answer = await self._client.chat(**self._body(model, request))
        except tuple(ERRORS) as error:
            _raise_ours(error)
        except ValueError:
            # Not chained: the error of the parser quotes the answer.
            raise unreadable_answer() from None
        return _reply(answer, timedelta(seconds=time.monotonic() - started))

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]

    def _refuse_what_would_be_cut(self, model: str, request: ModelRequest) -> None:
        """Ollama cuts a prompt that does not fit, and says nothing."""
        context = self._context_tokens.get(model)
        needed = highest_input_tokens(request) + request.max_output_tokens
        if context is not None and needed > context:
            raise ContextExceededError(needed_tokens=needed, available_tokens=context)

    def _body(self, model: str, request: ModelRequest) -> dict[str, Any]:
        options: dict[str, Any] = {"num_predict": request.max_output_tokens}
        if request.temperature is not None:
            options["temperature"] = request.temperature
        if model in self._context_tokens:
            # Without it Ollama cuts the prompt to a small default, and says nothing.
            options["num_ctx"] = self._context_tokens[model]
        return {
            "model": model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in request.turns],
            "format": dict(request.json_schema) if request.json_schema is not None else None,
            "options": options,
        }

    async def _refuse(self, response: httpx.Response) -> None:
        """Raises our error before the SDK makes one that has lost the headers."""
        if response.is_success:
            return
        await response.aread()
        refusal = Refusal(response.status_code, response.headers, _error_text(response))
        raise error_of(refusal, self._key)


def _error_text(response: httpx.Response) -> object:
    try:
        body = response.json()
    except ValueError:
        return None
    return body.get("error") if isinstance(body, dict) else None


def _raise_ours(error: Exception) -> Never:
    family = next(ours for theirs, ours in ERRORS.items() if isinstance(error, theirs))
    raise family(f"no answer: {type(error).__name__}") from without_text(error)


def _reply(answer: ollama.ChatResponse, latency: timedelta) -> ModelReply:
    return ModelReply(
        text=storable(answer.message.content or ""),
        finish_reason=FINISH_REASONS.get(answer.done_reason or "", FinishReason.OTHER),
        usage=_usage(answer),
        request_id=None,  # the protocol has none
        latency=latency,
    )


def _usage(answer: ollama.ChatResponse) -> TokenUsage | None:
    if answer.prompt_eval_count is None or answer.eval_count is None:
        return None
    return TokenUsage(answer.prompt_eval_count, answer.eval_count)
