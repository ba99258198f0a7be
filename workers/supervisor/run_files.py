"""What a running fleet leaves below `home/run` for other commands: a lock, its addresses, its processes."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from staffel.contracts.errors import ConfigurationError

PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process as `staffel status` shows it."""

    name: str
    pid: int | None
    state: str
    restarts: int
    started_at: str | None
    last_end: str | None


class RunFiles:
    """Reads and writes below `home/run`; a file holds either its old or its new content, never half of it."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "run"

    @property
    def endpoints_file(self) -> Path:
        return self._folder / "endpoints.json"

    @property
    def log_folder(self) -> Path:
        return self._folder.parent / "log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock of this home; raises ConfigurationError when another fleet runs here."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConfigurationError(
                    f"a fleet runs here already (process {self.pid()}): `staffel down` stops it"
                ) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                self.endpoints_file.unlink(missing_ok=True)
                (self._folder / "processes.json").unlink(missing_ok=True)
                lock.truncate(0)

    def pid(self) -> int | None:
        """The process of the fleet that runs here, None when none does."""
        try:
            with (self._folder / "lock").open("r") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(lock.read().strip() or 0) or None
        except (FileNotFoundError, ValueError):
            return None
        return None

    def write_endpoints(self, endpoints: Mapping[str, Any]) -> None:
        self._write("endpoints.json", dict(endpoints))

    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = self._read("endpoints.json") or {}
        return found

    def write_processes(self, processes: Sequence[ProcessState]) -> None:
        self._write("processes.json", [asdict(process) for process in processes])

    def processes(self) -> list[ProcessState]:
        return [ProcessState(**entry) for entry in self._read("processes.json") or []]

    def _write(self, name: str, content: Any) -> None:
        path, fresh = self._folder / name, self._folder / f"{name}.new"
        fresh.touch(mode=PRIVATE)
        fresh.write_text(json.dumps(content, indent=1), encoding="utf-8")
        fresh.replace(path)

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self._folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
