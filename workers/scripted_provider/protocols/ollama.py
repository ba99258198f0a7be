"""Ollama's chat, whole and as a stream, and what its clients ask about models."""

import json
from collections.abc import Mapping
from typing import Any

from staffel.fleet import Protocol
from workers.scripted_provider.conversation import Answer, Call
from workers.scripted_provider.protocols.dialect import Fault, text_of

CREATED_AT = "2026-01-01T00:00:00Z"
MILLISECOND_NS = 1_000_000


class OllamaDialect:
    """Speaks Ollama's chat. Like the real server, written in Go, it never sends half a surrogate pair."""

    protocol = Protocol.OLLAMA
    stream_media_type = "application/x-ndjson"
    request_id_header = None

    def call(self, body: Mapping[str, Any]) -> Call:
        format_ = body.get("format")
        limit = (body.get("options") or {}).get("num_predict")
        return Call(
            protocol=self.protocol,
            model=body["model"],
            contents=tuple(text_of(message["content"]) for message in body["messages"]),
            max_output_tokens=limit if limit and limit > 0 else None,
            json_schema={"type": "object"} if format_ == "json" else format_ or None,
            stream=bool(body.get("stream", True)),
        )

    def whole(self, call: Call, answer: Answer) -> dict[str, Any]:
        return {**_piece(call, answer.text), **_end(answer)}

    def stream(self, call: Call, answer: Answer) -> list[bytes]:
        lines = [_piece(call, piece) for piece in answer.pieces]
        lines.append({**_piece(call, ""), **_end(answer)})
        return [json.dumps(line).encode() + b"\n" for line in lines]

    def refusal(self, fault: Fault) -> dict[str, Any]:
        return {"error": fault.message}


def model_details(name: str) -> dict[str, Any]:
    """One model as `/api/tags`, `/api/ps` and `/api/show` describe it."""
    details = {"format": "gguf", "family": "scripted", "parameter_size": "1B", "quantization_level": "Q4_0"}
    return {
        "name": name,
        "model": name,
        "modified_at": CREATED_AT,
        "expires_at": CREATED_AT,
        "size": 1_000_000,
        "size_vram": 0,
        "digest": "0" * 64,
        "details": details,
        "model_info": {"general.architecture": "scripted", "scripted.context_length": 131_072},
        "capabilities": ["completion"],
    }


def _piece(call: Call, text: str) -> dict[str, Any]:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    message = {"role": "assistant", "content": whole}
    return {"model": call.model, "created_at": CREATED_AT, "message": message, "done": False}


def _end(answer: Answer) -> dict[str, Any]:
    end: dict[str, Any] = {
        "done": True,
        "done_reason": "length" if answer.cut else "stop",
        "total_duration": MILLISECOND_NS,
    }
    if answer.tells_usage:
        end |= {"prompt_eval_count": answer.input_tokens, "eval_count": answer.output_tokens}
    return end
