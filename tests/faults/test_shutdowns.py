"""Workers that are told to stop."""

import signal

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.waits import leases_of, outcomes, wait_until_running

STOP_S = 5 + 5 + 3  # grace, release, and the rest


def wait_for_exit(bench: Bench, program: str, seconds: float) -> int | None:
    child = bench.programs[program].child
    bench.until_without_restarts(lambda: child.poll() is not None, seconds, f"{program} ended")
    return child.poll()


def test_a_worker_told_to_stop_lets_short_calls_end(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 500}})
    bench.submit(16)
    wait_until_running(bench, 8)
    bench.send("worker-fast-1", signal.SIGTERM)
    assert wait_for_exit(bench, "worker-fast-1", STOP_S) == 0
    assert "released" not in outcomes(bench)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=["SIGTERM", "SIGQUIT"])
def test_a_worker_told_to_stop_gives_long_calls_back_uncharged(bench: Bench, number: signal.Signals) -> None:
    bench.play({"action": {"hang": True}})
    bench.submit(12)
    wait_until_running(bench, 12)
    held = leases_of(bench, "worker-fast-1")
    bench.send("worker-fast-1", number)
    wait_for_exit(bench, "worker-fast-1", STOP_S)
    assert outcomes(bench).get("released", 0) == len(held)
    assert bench.value("SELECT sum(crashes + escalations) FROM jobs") == 0
    # the other worker's calls run into their time limit meanwhile, and only those are charged
    charged = "SELECT count(*) FROM attempts WHERE outcome = 'retried' AND error_code <> 'circuit_open'"
    assert bench.value("SELECT sum(transient_failures) FROM jobs") == bench.value(charged)


def test_a_second_signal_cuts_the_grace_short(bench: Bench) -> None:
    bench.play({"action": {"hang": True}})
    bench.submit(12)
    wait_until_running(bench, 12)
    bench.send("worker-fast-1", signal.SIGTERM)
    bench.send("worker-fast-1", signal.SIGQUIT)
    wait_for_exit(bench, "worker-fast-1", STOP_S)
    assert bench.value("SELECT sum(crashes) FROM jobs") == 0
