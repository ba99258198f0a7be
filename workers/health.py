"""How a process finds out about its own health, and reports it from its event loop.

A loop that is stuck writes nothing, so the silence of the file tells of it.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError

from staffel.contracts.errors import UnreachableError
from staffel.observability.health import BEAT_S, Health, HealthFile, not_turned
from staffel.storage.database import Database
from workers.settings import WorkerSettings

log = structlog.get_logger(__name__)

ASK_EVERY_S = 5.0

#: An answer of the database that takes longer is no answer.
ANSWER_WITHIN_S = 5.0

#: Why a process cannot take work now; None when nothing hinders it.
Obstacle = Callable[[], str | None]


class DatabaseCheck:
    """Asks the database now and then. The report does not wait for it: it may be frozen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fault: str | None = "the database has not been asked yet"
        self._asked: float | None = None

    async def run_forever(self) -> None:
        while True:
            self._asked = time.monotonic()
            try:
                await self._database.ping()
                self._fault = None
            except (UnreachableError, DBAPIError) as error:
                self._fault = str(error).split("\n", 1)[0]
            self._asked = None
            await asyncio.sleep(ASK_EVERY_S)

    def obstacle(self) -> str | None:
        waited_s = 0.0 if self._asked is None else time.monotonic() - self._asked
        if waited_s > ANSWER_WITHIN_S:
            return f"the database has not answered for {waited_s:.0f} s"
        return self._fault


class Reporter:
    """Writes the report of one process; what goes wrong with the file is logged and tried again."""

    def __init__(
        self,
        file: HealthFile,
        obstacles: Sequence[Obstacle],
        *,
        check: DatabaseCheck | None = None,
        may_wait_s: float = 0.0,
    ) -> None:
        self.file = file
        self._obstacles = [*obstacles, check.obstacle] if check else obstacles
        self._check = check
        self._may_wait_s = may_wait_s
        self._broken = False

    def report(self) -> None:
        why_not = next((found for obstacle in self._obstacles if (found := obstacle())), None)
        try:
            self.file.write(Health.now(self.file.name, why_not, self._may_wait_s))
        except OSError as error:
            if not self._broken:
                log.warning("health_not_written", error=str(error))
            self._broken = True
        else:
            self._broken = False

    async def run_forever(self) -> None:
        """Until it is cancelled; then there is no report."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._report_forever())
                if self._check is not None:
                    group.create_task(self._check.run_forever())
        finally:
            self.file.remove()

    async def _report_forever(self) -> None:
        while True:
            self.report()
            await asyncio.sleep(BEAT_S)


@dataclass(frozen=True, slots=True)
class Children:
    """What is known of a parent's child processes."""

    stuck: tuple[int, ...]
    obstacle: str | None


class ChildReports:
    """Reads what the children of this process report. One that says nothing counts from its first sight."""

    def __init__(self, folder: Path, stuck_after_s: float) -> None:
        self._folder = folder
        self._stuck_after_s = stuck_after_s
        self._seen: dict[int, float] = {}

    def look(self, pids: Collection[int], now_s: float) -> Children:
        reports = {pid: HealthFile(self._folder, str(pid)).read() for pid in pids}
        self._seen = {
            pid: report.turned_s if report else self._seen.get(pid, now_s) for pid, report in reports.items()
        }
        self._forget_others()
        silent = {pid: now_s - seen_s for pid, seen_s in self._seen.items()}
        if any(report and report.ready and silent[pid] <= 2 * BEAT_S for pid, report in reports.items()):
            obstacle = None
        else:
            obstacle = _obstacle_of([report for report in reports.values() if report], silent)
        stuck = tuple(pid for pid, seconds in silent.items() if seconds > self._stuck_after_s)
        return Children(stuck, obstacle)

    def clear(self) -> None:
        """Removes what children of an earlier start left."""
        self._seen = {}
        self._forget_others()

    def _forget_others(self) -> None:
        for path in self._folder.glob("*.json"):
            if not path.stem.isdecimal() or int(path.stem) not in self._seen:
                HealthFile(self._folder, path.stem).remove()


def _obstacle_of(reports: Sequence[Health], silent: dict[int, float]) -> str:
    if not reports:
        return "no child process has reported yet"
    why_not = next((report.why_not for report in reports if report.why_not), None)
    return f"child processes: {why_not or not_turned(min(silent.values()))}"


def health_file(settings: WorkerSettings, default_name: str) -> HealthFile:
    """Where this process reports: under the name that its supervisor gave it, else under its program's."""
    return HealthFile.of(settings.home, settings.health_name or default_name)
