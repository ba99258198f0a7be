"""OpenAI's chat completions, which llama.cpp, vLLM and many others speak too."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import openai
from pydantic import BaseModel, ConfigDict, Field

from staffel.contracts.errors import (
    ContextExceededError,
    ProviderRejectedError,
    ProviderUnavailableError,
    StaffelError,
)
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
DEFAULT_BASE_URL = "https://api.openai.com/v1"

ERRORS: Mapping[type[openai.OpenAIError], type[StaffelError]] = {
    openai.APIConnectionError: ProviderUnavailableError,
    openai.APIError: ProviderUnavailableError,
    openai.OpenAIError: ProviderRejectedError,
}

FINISH_REASONS = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.REFUSAL,
}


class _Part(BaseModel):
    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class _Message(_Part):
    # Not declared as text: half a surrogate pair is no valid text and is mended below.
    content: Any = None
    refusal: Any = None


class _Choice(_Part):
    message: _Message
    finish_reason: str | None = None


class _CachedTokens(_Part):
    cached_tokens: int | None = None


class _Usage(_Part):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _CachedTokens | None = None


class _Completion(_Part):
    id: str | None = None
    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None


class OpenAIProvider:
    """Speaks chat completions with one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        quiet_logger("openai")
        self._key = endpoint.key
        self._client = openai.AsyncOpenAI(
            api_key=endpoint.key or PLACEHOLDER_KEY,
            base_url=endpoint.base_url or DEFAULT_BASE_URL,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False, mounts=routes(endpoint)),
        )

    async def complete(self, model: str, request: ModelRequest) -> ModelReply:
        started = time.monotonic()
        try:
            async with time_limit(request.timeout):
                completion = await self._client.chat.completions.create(**_body(model, request))
            answer = _Completion.model_validate(completion)
        except openai.OpenAIError as error:
            raise translated(error, request, self._key) from without_text(error)
        except ValueError:
            # Not chained: the error of the parser quotes the answer.
            raise unreadable_answer() from None
        request_id = completion._request_id or answer.id
        return _reply(answer, request_id, timedelta(seconds=time.monotonic() - started))

    async def close(self) -> None:
        await self._client.close()


def _body(model: str, request: ModelRequest) -> dict[str, Any]:
    limit_s = request.timeout.total_seconds()
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in request.turns],
        "max_completion_tokens": request.max_output_tokens,
        "timeout": openai.Timeout(limit_s, connect=min(limit_s, CONNECT_TIMEOUT.total_seconds())),
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.json_schema is not None:
        # Not strict: strict mode refuses every schema with an optional property.
        schema = {"name": "answer", "schema": dict(request.json_schema), "strict": False}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _reply(answer: _Completion, request_id: str | None, latency: timedelta) -> ModelReply:
    choice = answer.choices[0]
    reason = FINISH_REASONS.get(choice.finish_reason or "", FinishReason.OTHER)
    text = choice.message.content or choice.message.refusal or ""
    return ModelReply(
        text=storable(text) if isinstance(text, str) else "",
        finish_reason=FinishReason.REFUSAL if choice.message.refusal else reason,
        usage=_usage(answer.usage),
        request_id=request_id,
        latency=latency,
    )


def _usage(usage: _Usage | None) -> TokenUsage | None:
    if usage is None:
        return None
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
    return TokenUsage(usage.prompt_tokens, usage.completion_tokens, cached or 0)


def translated(error: openai.OpenAIError, request: ModelRequest, secret: str | None) -> StaffelError:
    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, dict) else {}
        needed, available = body.get("n_prompt_tokens"), body.get("n_ctx")
        if isinstance(needed, int) and isinstance(available, int):  # llama.cpp names both counts
            return ContextExceededError(
                needed_tokens=needed + request.max_output_tokens, available_tokens=available
            )
        refusal = Refusal(
            error.status_code, error.response.headers, body.get("message"), (error.code, error.type)
        )
        return error_of(refusal, secret)
    family = next(ours for theirs, ours in ERRORS.items() if isinstance(error, theirs))
    return family(f"no answer: {type(error).__name__}")
