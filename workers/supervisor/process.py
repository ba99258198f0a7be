"""One child process of the supervisor: in a session of its own, with a log file, stopped as a whole group.

The embedded servers, the API and the workers are all of this kind.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 4096

# What a child that does not inherit the environment still gets: where programs, libraries and temporary files
# are, and the language. Keys and passwords of the supervisor stay with it.
_NEUTRAL_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")


class ProcessStartError(Exception):
    """The process could not be started at all: its program is missing, or its account cannot be taken on."""


@dataclass(frozen=True, slots=True)
class Account:
    """The Unix account as which a child runs when the supervisor is root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start, and how. `stop_signal` is also what the child gets when its parent dies."""

    name: str
    command: tuple[str, ...]
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    inherits_environment: bool = True
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    working_folder: Path | None = None

    def merged_environment(self) -> dict[str, str]:
        if self.inherits_environment:
            return {**os.environ, **self.environment}
        return {**neutral_environment(), **self.environment}


class ChildProcess:
    """A child and everything it starts. One object may be started again after it has ended.

    Start it from a thread that lives as long as the supervisor: Linux sends the parent-death signal when the
    *thread* that started the child ends.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._group_ended = True

    @property
    def name(self) -> str:
        return self.launch.name

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Raises ProcessStartError, or RuntimeError when it is running already."""
        if self._process is not None and self.poll() is None:
            raise RuntimeError(f"{self.name} is running already")
        launch = self.launch
        launch.log_path.parent.mkdir(parents=True, exist_ok=True)
        with launch.log_path.open("ab") as log:
            self._log_start = log.tell()
            try:
                self._process = subprocess.Popen(
                    launch.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=launch.merged_environment(),
                    cwd=launch.working_folder,
                    start_new_session=True,
                    user=launch.account.uid if launch.account else None,
                    group=launch.account.gid if launch.account else None,
                    extra_groups=[] if launch.account else None,
                    # Runs after the account is dropped: dropping it would erase the parent-death signal.
                    preexec_fn=_dying_with_parent(launch.stop_signal),  # noqa: PLW1509
                )
            except OSError as error:
                raise ProcessStartError(f"{self.name} could not be started: {error}") from error
        self._group_ended = False

    def poll(self) -> int | None:
        """The exit code (negative: the signal that ended it), or None while it runs or was never started."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            self._end_group()
        return code

    def send(self, wanted: signal.Signals) -> None:
        """Signals the child itself, not the processes it started. Does nothing once it has ended."""
        if self._process is not None:
            self._process.send_signal(wanted)

    def wait(self, timeout: timedelta) -> int | None:
        """The exit code, or None when it still runs after the timeout."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout.total_seconds())
        return self.poll()

    def stop(self, grace: timedelta) -> int | None:
        """Asks the child to end with its stop signal, and kills its whole group when the grace is over."""
        if self._process is None:
            return None
        self.send(self.launch.stop_signal)
        if self.wait(grace) is None:
            self._end_group()
        return self._process.wait()

    def kill(self) -> None:
        """Kills the whole group at once and does not wait: a process may take its time even to die."""
        self._end_group()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines that this start wrote to the log."""
        try:
            with self.launch.log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - _TAIL_BYTES))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _end_group(self) -> None:
        """Kills what is left of the group, once: its number may belong to others later."""
        if self._process is None or self._group_ended:
            return
        self._group_ended = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def neutral_environment() -> dict[str, str]:
    """The part of our environment that holds no secrets."""
    return {name: os.environ[name] for name in _NEUTRAL_VARIABLES if name in os.environ}


def _dying_with_parent(wanted: signal.Signals) -> Callable[[], None] | None:
    """What the child does between fork and exec, so that no server outlives a supervisor that was killed."""
    if sys.platform != "linux":
        return None
    # Looked up before the fork: after it, loading a library could wait for a lock that another thread held.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(wanted), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange
