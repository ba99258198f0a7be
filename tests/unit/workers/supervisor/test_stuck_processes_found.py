"""When a process counts as stuck, and what its supervisor does then."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from staffel.observability.health import HealthFile
from workers.supervisor.process import Launch
from workers.supervisor.silence import LONGEST_GAP_S, Silence
from workers.supervisor.vitals import Vitals
from workers.supervisor.watch import Watched

BEATING = """
import sys, time
from pathlib import Path
from staffel.observability.health import Health, HealthFile
file = HealthFile(Path(sys.argv[1]), "sample")
while True:
    file.write(Health.now("sample", None))
    time.sleep(0.02)
"""


def look_each_second(silence: Silence, said: object, start_s: int, seconds: int) -> float:
    return max(silence.look(said, float(start_s + second)) for second in range(seconds))


def test_silence_is_counted_from_the_last_new_word() -> None:
    silence = Silence()
    assert look_each_second(silence, 1.0, 0, 11) == 10
    assert silence.look(2.0, 11.0) == 0


def test_a_process_that_has_not_begun_to_speak_is_not_silent() -> None:
    assert look_each_second(Silence(), None, 0, 100) == 0


def test_a_report_that_vanished_is_silence() -> None:
    silence = Silence()
    silence.look(1.0, 0.0)
    assert look_each_second(silence, None, 1, 10) == 10


def test_a_suspended_machine_gives_everybody_time_to_speak_again() -> None:
    silence = Silence()
    silence.look(1.0, 0.0)
    assert silence.look(1.0, 36_000.0) == LONGEST_GAP_S
    assert silence.look(2.0, 36_001.0) == 0


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    silence = Silence()
    assert look_each_second(silence, 1.0, 100, 6) == 5
    assert silence.look(1.0, 50.0) == 5


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Watched]:
    """A child that reports, watched as the supervisor does, and impatiently."""
    folder = tmp_path / "health"
    launch = Launch("sample", (sys.executable, "-c", BEATING, str(folder)), tmp_path / "log")
    vitals = Vitals(HealthFile(folder, "sample"), timedelta(seconds=1))
    program = Watched(launch, vitals=vitals)
    program.start()
    until(lambda: program.why_not_ready() is None)
    yield program
    program.stop(timedelta(0))


def test_a_process_that_speaks_is_left_alone(program: Watched) -> None:
    until_s = time.monotonic() + 2.5
    changes = []
    until(lambda: changes.append(program.check()) or time.monotonic() > until_s)
    assert not any(changes)
    assert program.state().restarts == 0


def test_a_frozen_process_is_killed_and_started_again_and_it_is_said_why(program: Watched) -> None:
    frozen = program.child.pid
    program.child.send(signal.SIGSTOP)
    until(program.check)
    assert program.state().state == "stuck"
    assert program.running
    until(lambda: program.check() and not program.running)
    assert str(program.state().last_end).startswith("stuck: its loop has not turned for")
    until(lambda: program.check() and program.running)
    until(lambda: program.why_not_ready() is None)
    assert program.child.pid != frozen
    assert program.state().restarts == 1


def test_where_nobody_can_write_silence_says_nothing(tmp_path: Path) -> None:
    """As with a full disk: the folder is gone, and a file stands in its place."""
    vitals = Vitals(HealthFile(tmp_path / "file" / "below", "sample"), timedelta(0))
    (tmp_path / "file").touch()
    assert not vitals._can_be_written()
    assert Vitals(HealthFile(tmp_path, "sample"), timedelta(0))._can_be_written()


def test_a_report_of_another_process_says_nothing_of_this_one(program: Watched, tmp_path: Path) -> None:
    vitals = Vitals(HealthFile(tmp_path / "health", "sample"), timedelta(seconds=1))
    vitals.started(1)
    assert vitals.why_not_ready() == "it has not reported"
    assert vitals.stuck() is None
