"""What a process says of its own health: a small file that its event loop writes anew every two seconds.

The supervisor, probes and `staffel status` read it. Nobody is asked over the broker, for that may be down.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

BEAT_S = 2.0

#: A process that was silent for so long may be alive, but nobody should count on it now.
READY_FOR_S = 10.0

PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Health:
    """One report. `turned_s` is of the monotonic clock, which a machine's processes share and nobody sets.

    `may_wait_s`: so much longer than others this process may be silent, for its loop waits for a server.
    """

    name: str
    pid: int
    alive_at: str
    turned_s: float
    ready: bool
    why_not: str | None
    may_wait_s: float = 0.0

    @classmethod
    def now(cls, name: str, why_not: str | None, may_wait_s: float = 0.0) -> Self:
        """A report of this process; it is ready when nothing speaks against it."""
        alive_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        return cls(name, os.getpid(), alive_at, time.monotonic(), why_not is None, why_not, may_wait_s)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Live: its loop turns. Ready: it can take work, too."""

    live: bool
    ready: bool
    why_not: str | None


def judge(health: Health | None, *, now_s: float, stuck_after_s: float) -> Verdict:
    """What a report of that age is worth; `now_s` is of the monotonic clock."""
    if health is None:
        return Verdict(False, False, "it has not reported")
    silent_s = now_s - health.turned_s
    if silent_s < 0:
        return Verdict(False, False, "its report is older than this start of the machine")
    if silent_s > stuck_after_s + health.may_wait_s:
        return Verdict(False, False, not_turned(silent_s))
    if silent_s > READY_FOR_S:
        return Verdict(True, False, not_turned(silent_s))
    return Verdict(True, health.ready, health.why_not)


def not_turned(silent_s: float) -> str:
    return f"its loop has not turned for {silent_s:.0f} s"


class HealthFile:
    """Where one process reports. It holds either the old or the new report, never half of one."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.folder = folder
        self.path = folder / f"{name}.json"

    @classmethod
    def of(cls, home: Path, name: str) -> Self:
        return cls(health_folder(home), name)

    def write(self, health: Health) -> None:
        """Raises OSError when the disk is full or the folder cannot be written."""
        fresh = self.path.with_suffix(".new")
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh.touch(mode=PRIVATE)
        fresh.write_text(json.dumps(asdict(health)), encoding="utf-8")
        fresh.replace(self.path)

    def read(self) -> Health | None:
        """None when there is no report, or none that this version understands."""
        try:
            return Health(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def health_folder(home: Path) -> Path:
    return home / "run" / "health"


def health_files(home: Path) -> Iterator[HealthFile]:
    """Those of all processes that have reported here, by name."""
    folder = health_folder(home)
    return (HealthFile(folder, path.stem) for path in sorted(folder.glob("*.json")))
