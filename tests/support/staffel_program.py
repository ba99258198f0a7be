"""`staffel` as a user runs it: the real command, in a folder of the user's own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.command_line import Ended

STAFFEL = (sys.executable, "-m", "staffel.cli")
STOP_S = 20.0


class StaffelProgram:
    """Runs commands in a folder; `up` starts a fleet there, `interrupt` is Ctrl-C."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STAFFEL_")}
        without_keys = {
            n: v for n, v in inherited.items() if n not in {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"}
        }
        self.environment = without_keys | {"STAFFEL_HOME": str(folder / "home"), "COLUMNS": "160"} | settings
        self._fleet: subprocess.Popen[bytes] | None = None

    def __call__(self, *arguments: str | Path, timeout: float = 120) -> Ended:
        done = subprocess.run(
            [*STAFFEL, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def up(self) -> None:
        log = (self.folder / "up.log").open("ab")
        self._fleet = subprocess.Popen(
            [*STAFFEL, "up"], cwd=self.folder, env=self.environment, stderr=log, start_new_session=True
        )
        log.close()
        until(lambda: self.endpoints_file.exists() or self._has_ended(), 90, f"the fleet is up; {self.log}")
        assert not self._has_ended(), self.log

    def interrupt(self) -> float:
        """Ctrl-C; returns how long the fleet took to end, in seconds."""
        started = time.monotonic()
        if self._fleet is not None:
            self._fleet.send_signal(signal.SIGINT)
            assert self._fleet.wait(STOP_S * 2) == 0, self.log
            self._fleet = None
        return time.monotonic() - started

    @property
    def endpoints_file(self) -> Path:
        return self.folder / "home" / "run" / "endpoints.json"

    @property
    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.endpoints_file.read_text())
        return found

    @property
    def log(self) -> str:
        return (self.folder / "up.log").read_text()

    def pid_of(self, process: str) -> int | None:
        processes = self("status", "--json").document["processes"]
        return next((entry["pid"] for entry in processes if entry["name"] == process), None)

    def _has_ended(self) -> bool:
        return self._fleet is not None and self._fleet.poll() is not None


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)
