"""What a process says hinders it, and that its report never waits for a server."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery.bootsteps import CLOSE, RUN

from staffel.contracts.errors import UnreachableError
from staffel.observability.health import Health, HealthFile
from tests.support.waiting import until
from workers.consumer import Pulse
from workers.dispatch.reconciler import Reconciler
from workers.health import ChildReports, DatabaseCheck, Reporter


class FakeDatabase:
    """Answers, refuses, or says nothing for ever."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    async def ping(self) -> None:
        if self.answer == "silence":
            await asyncio.Event().wait()
        if self.answer == "refusal":
            raise UnreachableError("PostgreSQL at there: refused")


class FailingDuty:
    """Fails as often as it is told."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    async def sweep(self) -> int:
        self.failures -= 1
        if self.failures >= 0:
            raise UnreachableError("PostgreSQL is away")
        return 0


def check_of(answer: str) -> DatabaseCheck:
    database: Any = FakeDatabase(answer)
    return DatabaseCheck(database)


async def test_a_database_that_answers_is_no_obstacle_and_one_that_refuses_is() -> None:
    for answer, obstacle in (("yes", None), ("refusal", "PostgreSQL at there: refused")):
        check = check_of(answer)
        asking = asyncio.ensure_future(check.run_forever())
        await until(lambda check=check, obstacle=obstacle: check.obstacle() == obstacle)  # type: ignore[misc]
        asking.cancel()


async def test_a_report_does_not_wait_for_a_database_that_is_frozen(tmp_path: Path) -> None:
    file = HealthFile(tmp_path, "worker-fast")
    reporter = Reporter(file, [], check=check_of("silence"))
    reporting = asyncio.ensure_future(reporter.run_forever())
    await until(file.read)
    report = file.read()
    assert report is not None
    assert report.why_not == "the database has not been asked yet"
    reporting.cancel()
    await asyncio.gather(reporting, return_exceptions=True)
    assert file.read() is None


async def test_a_folder_that_cannot_be_written_does_not_end_the_reports(tmp_path: Path) -> None:
    (tmp_path / "in-the-way").touch()
    file = HealthFile(tmp_path / "in-the-way", "control")
    reporter = Reporter(file, [])
    reporter.report()
    assert file.read() is None
    (tmp_path / "in-the-way").unlink()
    reporter.report()
    assert file.read() is not None


async def test_the_first_obstacle_is_the_one_that_is_told(tmp_path: Path) -> None:
    file = HealthFile(tmp_path, "control")
    Reporter(file, [lambda: None, lambda: "first", lambda: "second"]).report()
    report = file.read()
    assert report is not None
    assert (report.ready, report.why_not) == (False, "first")


async def test_control_is_ready_after_a_turn_without_faults() -> None:
    reconciler = Reconciler([FailingDuty(2)], every_s=0.01)
    assert reconciler.obstacle() == "its first turn has not ended yet"
    turning = asyncio.ensure_future(reconciler.run_forever())
    await until(lambda: reconciler.obstacle() == "FailingDuty: PostgreSQL is away")
    await until(lambda: reconciler.obstacle() is None)
    turning.cancel()


@pytest.mark.parametrize(
    ("state", "connection", "obstacle"),
    [
        (None, None, "the consumer has not started yet"),
        (RUN, None, "the consumer is not connected to Redis"),
        (RUN, "connected", None),
        (CLOSE, "connected", "it is stopping"),
    ],
)
def test_a_consumer_takes_hints_while_it_runs_and_is_connected(
    state: int | None, connection: str | None, obstacle: str | None
) -> None:
    pulse = Pulse()
    pulse.consumer = SimpleNamespace(
        blueprint=SimpleNamespace(state=state), connection=connection, task_consumer=connection
    )
    pulse.turn()
    assert pulse.obstacle() == obstacle


def write_child(folder: Path, pid: int, *, turned_s: float, why_not: str | None = None) -> None:
    HealthFile(folder, str(pid)).write(Health(str(pid), pid, "", turned_s, why_not is None, why_not))


def test_a_parent_is_ready_with_one_child_that_turns_and_names_the_one_that_does_not(tmp_path: Path) -> None:
    children, now_s = ChildReports(tmp_path, 30), time.monotonic()
    assert children.look([1, 2], now_s).obstacle == "no child process has reported yet"
    write_child(tmp_path, 1, turned_s=now_s + 30)
    write_child(tmp_path, 2, turned_s=now_s)
    found = children.look([1, 2], now_s + 31)
    assert (found.stuck, found.obstacle) == ((2,), None)


def test_a_child_that_never_reports_is_stuck_after_a_while(tmp_path: Path) -> None:
    children = ChildReports(tmp_path, 30)
    assert children.look([1], 100).stuck == ()
    assert children.look([1], 131).stuck == (1,)


def test_children_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    children = ChildReports(tmp_path, 30)
    write_child(tmp_path, 1, turned_s=100)
    assert children.look([2], 200).stuck == ()
    assert not list(tmp_path.iterdir())


def test_a_child_that_took_its_report_back_was_alive_until_then(tmp_path: Path) -> None:
    children = ChildReports(tmp_path, 30)
    children.look([1], 0)
    write_child(tmp_path, 1, turned_s=100)
    children.look([1], 101)
    HealthFile(tmp_path, "1").remove()
    assert children.look([1], 105).stuck == ()
