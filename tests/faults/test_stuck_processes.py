"""Processes that neither work nor die."""

import signal

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.fleet import Shape
from tests.faults.bench.waits import wait_until_running

STUCK_AFTER_S = 6.0

#: The silence, the grace of a stuck process, a look, and a start.
REPLACED_S = STUCK_AFTER_S + 5 + 2 + 10


@pytest.fixture
def shape() -> Shape:
    return Shape(stuck_after_s=STUCK_AFTER_S)


def freeze_for_ever(bench: Bench, name: str) -> None:
    """Once it is ready: whoever has not begun to speak is not missed."""
    program = bench.programs[name]
    bench.until(lambda: program.why_not_ready() is None, 30, f"{name} is ready")
    frozen = program.child.pid
    bench.send(name, signal.SIGSTOP)
    bench.recover(
        lambda: program.running and program.child.pid != frozen and program.why_not_ready() is None,
        REPLACED_S,
        f"{name} is replaced",
    )
    assert str(program.state().last_end).startswith("stuck: its loop has not turned for")


def test_a_worker_that_is_frozen_for_ever_is_replaced_and_its_jobs_end(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 1000}})
    bench.submit(24)
    wait_until_running(bench, 12)
    freeze_for_ever(bench, "worker-fast-1")
    bench.rest()
    assert bench.ended() == 24


def test_a_control_process_that_is_frozen_for_ever_is_replaced_and_work_goes_on(bench: Bench) -> None:
    freeze_for_ever(bench, "control-1")
    bench.submit(100)
    bench.rest()
    assert bench.ended() == 100
