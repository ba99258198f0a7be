"""The stand-in's ledger: what it saw and charged, written before it answers, for tests to compare with."""

import asyncio
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter


class Outcome(StrEnum):
    """What the stand-in does with a request."""

    COMPLETE = "complete"
    REFUSED = "refused"
    RESET = "reset"
    HUNG = "hung"


class Ending(StrEnum):
    """How the exchange ended: the whole answer went out, or the client left before."""

    SENT = "sent"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. Tokens are those charged; a hung or refused request is charged nothing."""

    sequence: int
    protocol: str
    model: str
    received_at: datetime
    request_id: str
    fingerprint: str
    marker: str | None
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    outcome: Outcome


_ENTRY = TypeAdapter(Entry)


class Ledger:
    """All requests in order. With a file it survives a restart: sequence numbers go on."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: list[Entry] = _read(path)
        self._last_sequence = self._entries[-1].sequence if self._entries else 0
        self._endings: dict[int, Ending] = {}
        self._changed = asyncio.Condition()
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None

    def next_sequence(self) -> int:
        self._last_sequence += 1
        return self._last_sequence

    async def record(self, entry: Entry) -> None:
        """Keeps the entry; when this returns, the line is in the file."""
        if self._file is not None:
            self._file.write(json.dumps(_ENTRY.dump_python(entry, mode="json")) + "\n")
        async with self._changed:
            self._entries.append(entry)
            self._changed.notify_all()

    async def settle(self, sequence: int, ending: Ending) -> None:
        async with self._changed:
            self._endings[sequence] = ending
            self._changed.notify_all()

    async def wait_for(self, *, recorded: int, settled: int, timeout_s: float) -> None:
        """Waits until so many exchanges have begun and so many have ended, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(
                    lambda: len(self._entries) >= recorded and len(self._endings) >= settled
                )

    def rows(self) -> list[dict[str, object]]:
        """The entries for people and tests, each with how it ended (None while it is open)."""
        return [
            {
                **asdict(entry),
                "received_at": entry.received_at.isoformat(),
                "ending": self._endings.get(entry.sequence),
            }
            for entry in self._entries
        ]

    def clear(self) -> None:
        """Forgets all entries, in the file too. Sequence numbers go on."""
        self._entries.clear()
        self._endings.clear()
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _read(path: Path | None) -> list[Entry]:
    if path is None or not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_ENTRY.validate_json(line) for line in lines]
