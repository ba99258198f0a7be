"""What every wire protocol of the stand-in provides."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from staffel.fleet import Protocol as WireProtocol
from workers.scripted_provider.conversation import Answer, Call


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal before it is written in a protocol's words."""

    status: int
    message: str
    request_id: str
    code: str | None = None


class Dialect(Protocol):
    """Reads requests and writes answers of one wire protocol."""

    @property
    def protocol(self) -> WireProtocol: ...

    @property
    def stream_media_type(self) -> str: ...

    @property
    def request_id_header(self) -> str | None: ...

    def call(self, body: Mapping[str, Any]) -> Call:
        """The request; KeyError, TypeError or ValueError when it is not one."""
        ...

    def whole(self, call: Call, answer: Answer) -> dict[str, Any]: ...

    def stream(self, call: Call, answer: Answer) -> list[bytes]: ...

    def refusal(self, fault: Fault) -> dict[str, Any]: ...


def text_of(content: Any) -> str:
    """The text of a turn, which may be a string or a list of typed blocks."""
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content or () if block.get("type") in {"text", "input_text"})


def server_sent(data: Any, event: str | None = None) -> bytes:
    """One server-sent event; `data` that is no text is written as JSON."""
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()
