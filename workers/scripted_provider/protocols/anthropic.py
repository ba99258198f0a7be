"""Anthropic's messages, whole and as a stream."""

from collections.abc import Mapping
from typing import Any

from staffel.fleet import Protocol
from workers.scripted_provider.conversation import Answer, Call
from workers.scripted_provider.protocols.dialect import Fault, server_sent, text_of

ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class AnthropicDialect:
    """Speaks messages."""

    protocol = Protocol.ANTHROPIC
    stream_media_type = "text/event-stream"
    request_id_header = "request-id"

    def call(self, body: Mapping[str, Any]) -> Call:
        system = [text_of(body["system"])] if body.get("system") else []
        format_ = (body.get("output_config") or {}).get("format") or {}
        return Call(
            protocol=self.protocol,
            model=body["model"],
            contents=(*system, *(text_of(message["content"]) for message in body["messages"])),
            max_output_tokens=int(body["max_tokens"]),
            json_schema=format_.get("schema"),
            stream=bool(body.get("stream")),
        )

    def whole(self, call: Call, answer: Answer) -> dict[str, Any]:
        body = {
            **_head(call, answer),
            "content": [{"type": "text", "text": answer.text}],
            "stop_reason": _finish(answer),
            "stop_sequence": None,
        }
        return {**body, "usage": _usage(answer)} if answer.tells_usage else body

    def stream(self, call: Call, answer: Answer) -> list[bytes]:
        start = {**_head(call, answer), "content": [], "stop_reason": None, "stop_sequence": None}
        end: dict[str, Any] = {"delta": {"stop_reason": _finish(answer), "stop_sequence": None}}
        if answer.tells_usage:
            start["usage"] = {**_usage(answer), "output_tokens": 1}
            end["usage"] = {"output_tokens": answer.output_tokens}
        block = {"index": 0, "content_block": {"type": "text", "text": ""}}
        deltas = [{"index": 0, "delta": {"type": "text_delta", "text": piece}} for piece in answer.pieces]
        return [
            _event("message_start", {"message": start}),
            _event("content_block_start", block),
            *(_event("content_block_delta", delta) for delta in deltas),
            _event("content_block_stop", {"index": 0}),
            _event("message_delta", end),
            _event("message_stop", {}),
        ]

    def refusal(self, fault: Fault) -> dict[str, Any]:
        kind = ERROR_TYPES.get(fault.status, "api_error" if fault.status >= 500 else "invalid_request_error")
        error: dict[str, Any] = {"type": kind, "message": fault.message}
        if fault.code is not None:
            error["details"] = {"error_code": fault.code}
        return {"type": "error", "error": error, "request_id": fault.request_id}


def _event(kind: str, content: Mapping[str, Any]) -> bytes:
    return server_sent({"type": kind, **content}, kind)


def _head(call: Call, answer: Answer) -> dict[str, Any]:
    return {"id": f"msg_{answer.request_id}", "type": "message", "role": "assistant", "model": call.model}


def _finish(answer: Answer) -> str:
    return "max_tokens" if answer.cut else "end_turn"


def _usage(answer: Answer) -> dict[str, Any]:
    """As the protocol has it, cached tokens stand beside `input_tokens` and are not counted in it."""
    return {
        "input_tokens": answer.input_tokens - answer.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": answer.cached_tokens,
        "output_tokens": answer.output_tokens,
    }
