"""What the supervisor sees of a process's health: whether it is ready, and whether it is stuck."""

import time
from datetime import timedelta

from staffel.observability.health import Health, HealthFile, judge, not_turned
from workers.supervisor.silence import Silence

LOOK_EVERY_S = 1.0


class Vitals:
    """One instance a watched process; told of each start, asked often."""

    def __init__(self, file: HealthFile, stuck_after: timedelta) -> None:
        self._file = file
        self._stuck_after_s = stuck_after.total_seconds()
        self._silence = Silence()
        self._pid: int | None = None
        self._may_wait_s = 0.0
        self._look_at = 0.0

    def started(self, pid: int | None) -> None:
        """A new process: what the one before it said does not count."""
        self._pid, self._silence, self._look_at = pid, Silence(), 0.0

    def clear(self) -> None:
        self._file.remove()

    def stuck(self) -> str | None:
        """In words, how long its loop has not turned, when that is too long."""
        now_s = time.monotonic()
        if now_s < self._look_at:
            return None
        self._look_at = now_s + LOOK_EVERY_S
        health = self._own()
        if health is not None:
            self._may_wait_s = health.may_wait_s
        silent_s = self._silence.look(None if health is None else health.turned_s, now_s)
        if silent_s <= self._stuck_after_s + self._may_wait_s or not self._can_be_written():
            return None
        return f"stuck: {not_turned(silent_s)}"

    def why_not_ready(self) -> str | None:
        """None when the process is ready."""
        verdict = judge(self._own(), now_s=time.monotonic(), stuck_after_s=self._stuck_after_s)
        return None if verdict.ready else verdict.why_not

    def _own(self) -> Health | None:
        """A file that another process left, or writes under the same name, says nothing of this one."""
        health = self._file.read()
        return health if health is not None and health.pid == self._pid else None

    def _can_be_written(self) -> bool:
        """Silence says nothing where nobody can write: the disk is full."""
        probe = self._file.path.with_suffix(".probe")
        try:
            probe.write_text("x", encoding="utf-8")
            probe.unlink()
        except OSError:
            return False
        return True
