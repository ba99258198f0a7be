"""One watched process: started, found dead or stuck, started again after a pause that grows."""

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from workers.supervisor.embedded.errors import EmbeddedError
from workers.supervisor.process import ChildProcess, Launch, ProcessStartError
from workers.supervisor.run_files import ProcessState
from workers.supervisor.vitals import Vitals

log = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=0.5)
LONGEST_PAUSE = timedelta(seconds=30)

#: A process that ran so long starts with the shortest pause again.
SETTLED = timedelta(seconds=60)

#: Between asking a stuck process to end, and killing it with all it started.
STUCK_GRACE_S = 5.0


class Watched:
    """`before_start` may change the launch each time: an embedded server clears what its predecessor left.

    A process with `vitals` reports its health, and is stopped when it falls silent.
    """

    def __init__(
        self,
        launch: Launch,
        before_start: Callable[[], Launch] | None = None,
        vitals: Vitals | None = None,
    ) -> None:
        self.child = ChildProcess(launch)
        self._before_start = before_start
        self._vitals = vitals
        self._stuck: str | None = None
        self._kill_at = 0.0
        self._started: float | None = None
        self._started_at: str | None = None
        self._next_start = 0.0
        self._failures = 0
        self._restarts = 0
        self._last_end: str | None = None

    @property
    def name(self) -> str:
        return self.child.name

    @property
    def running(self) -> bool:
        return self._started is not None and self.child.poll() is None

    def start(self) -> None:
        """Raises ProcessStartError, and what `before_start` raises."""
        if self._before_start is not None:
            self.child.launch = self._before_start()
        if self._vitals is not None:
            self._vitals.clear()
        self.child.start()
        if self._vitals is not None:
            self._vitals.started(self.child.pid)
        self._stuck = None
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    def check(self) -> bool:
        """Starts the process again when it ended and its pause is over; True when anything changed."""
        if self.running:
            return self._end_if_stuck()
        if self._started is not None:
            self._note_end()
            return True
        if time.monotonic() < self._next_start:
            return False
        self._restart()
        return True

    def why_not_ready(self) -> str | None:
        """None when it is ready, or reports no health and runs."""
        if not self.running:
            return "it does not run"
        return self._vitals.why_not_ready() if self._vitals else None

    def stop(self, grace: timedelta) -> None:
        self.child.stop(grace)

    def ask_to_stop(self) -> None:
        if self.running:
            self.child.send(self.child.launch.stop_signal)

    def state(self) -> ProcessState:
        return ProcessState(
            name=self.name,
            pid=self.child.pid if self.running else None,
            state=self._state(),
            restarts=self._restarts,
            started_at=self._started_at,
            last_end=self._last_end,
        )

    def _state(self) -> str:
        if not self.running:
            return "waiting"
        return "running" if self._stuck is None else "stuck"

    def _end_if_stuck(self) -> bool:
        """Asks a process whose loop does not turn to end, and kills it when it does not; never waits."""
        if self._stuck is not None:
            if time.monotonic() > self._kill_at:
                self.child.kill()
            return False
        self._stuck = None if self._vitals is None else self._vitals.stuck()
        if self._stuck is None:
            return False
        log.warning("process_stuck", process=self.name, why=self._stuck, log=str(self.child.launch.log_path))
        self._kill_at = time.monotonic() + STUCK_GRACE_S
        self.child.send(self.child.launch.stop_signal)
        return True

    def _note_end(self) -> None:
        ran = timedelta(seconds=time.monotonic() - (self._started or 0.0))
        self._failures = 1 if ran > SETTLED else self._failures + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures - 1, 10))
        self._next_start = time.monotonic() + pause.total_seconds()
        self._started = None
        self._last_end = self._stuck or describe_end(self.child.poll())
        log.warning(
            "process_ended",
            process=self.name,
            how=self._last_end,
            again_in_s=pause.total_seconds(),
            log=str(self.child.launch.log_path),
        )

    def _restart(self) -> None:
        try:
            self.start()
            self._restarts += 1
        except (ProcessStartError, EmbeddedError, OSError) as error:
            self._started = time.monotonic()
            log.warning("process_not_started", process=self.name, error=str(error))


def describe_end(code: int | None) -> str:
    """An exit code in words; negative codes are signals."""
    if code is None:
        return "never ran"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
