"""OpenAI's chat completions, whole and as a stream."""

from collections.abc import Mapping
from typing import Any

from staffel.fleet import Protocol
from workers.scripted_provider.conversation import Answer, Call
from workers.scripted_provider.protocols.dialect import Fault, server_sent, text_of

CREATED = 1_767_225_600  # 2026-01-01; a constant, so that the same request gives the same bytes

ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class OpenAIDialect:
    """Speaks chat completions."""

    protocol = Protocol.OPENAI
    stream_media_type = "text/event-stream"
    request_id_header = "x-request-id"

    def call(self, body: Mapping[str, Any]) -> Call:
        return Call(
            protocol=self.protocol,
            model=body["model"],
            contents=tuple(text_of(message["content"]) for message in body["messages"]),
            max_output_tokens=body.get("max_completion_tokens", body.get("max_tokens")),
            json_schema=_schema(body.get("response_format")),
            stream=bool(body.get("stream")),
            usage_in_stream=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def whole(self, call: Call, answer: Answer) -> dict[str, Any]:
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": _finish(answer), "logprobs": None}
        body = {**_head(call, answer, "chat.completion"), "choices": [choice]}
        return {**body, "usage": _usage(answer)} if answer.tells_usage else body

    def stream(self, call: Call, answer: Answer) -> list[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in answer.pieces]
        choices: list[dict[str, Any]] = [
            {"index": 0, "delta": delta, "finish_reason": None} for delta in deltas
        ]
        choices.append({"index": 0, "delta": {}, "finish_reason": _finish(answer)})
        head = _head(call, answer, "chat.completion.chunk")
        events = [server_sent({**head, "choices": [choice]}) for choice in choices]
        if call.usage_in_stream and answer.tells_usage:
            events.append(server_sent({**head, "choices": [], "usage": _usage(answer)}))
        return [*events, server_sent("[DONE]")]

    def refusal(self, fault: Fault) -> dict[str, Any]:
        kind = ERROR_TYPES.get(
            fault.status, "server_error" if fault.status >= 500 else "invalid_request_error"
        )
        return {"error": {"message": fault.message, "type": kind, "param": None, "code": fault.code}}


def _schema(response_format: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not response_format or response_format["type"] == "text":
        return None
    if response_format["type"] == "json_object":
        return {"type": "object"}
    schema: dict[str, Any] = response_format["json_schema"]["schema"]
    return schema


def _head(call: Call, answer: Answer, kind: str) -> dict[str, Any]:
    return {"id": answer.request_id, "object": kind, "created": CREATED, "model": call.model}


def _finish(answer: Answer) -> str:
    return "length" if answer.cut else "stop"


def _usage(answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
    }
