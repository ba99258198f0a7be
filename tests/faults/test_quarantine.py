"""Jobs that take their worker along, and those that only stood beside them."""

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.fleet import Shape
from tests.faults.bench.waits import all_taken_back, leases_of, states, wait_until_running


@pytest.fixture
def shape() -> Shape:
    """One worker with many slots: everybody is everybody's neighbour."""
    return Shape(slots={"fast": 64, "std": 2, "adv": 2, "cloud": 2}, replicas={"fast": 1})


def test_the_neighbours_of_a_crash_run_again_and_are_not_charged(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 1200}})
    bench.submit(64)
    wait_until_running(bench, 64)
    leases = leases_of(bench, "worker-fast-1")
    bench.kill("worker-fast-1")
    bench.recover(lambda: all_taken_back(bench, leases), 10, "its leases are taken back")
    bench.play()
    bench.until(lambda: bench.ended() == 64, 60, "all ended")
    assert bench.value("SELECT sum(crashes) FROM jobs") == 0
    assert states(bench) == {"succeeded": 64}


def test_a_poison_job_ends_dead_and_takes_nobody_along(bench: Bench) -> None:
    """The bench kills the worker whenever the poison job's request reaches the provider."""
    poison = bench.request()
    marker = poison.metadata["marker"]
    bench.play({"match": {"marker": marker}, "action": {"hang": True}}, {"action": {"delay_ms": 100}})
    bench.submit(30)
    bench.submit_requests([poison])
    deaths = 0
    while (
        bench.value("SELECT state FROM jobs WHERE metadata ->> 'marker' = :marker", marker=marker) != "dead"
    ):
        bench.until(
            lambda seen=deaths: (
                len([e for e in bench.ledger() if e["marker"] == marker]) > seen or not bench.open()["jobs"]
            ),
            60,
            "the poison job runs",
        )
        if bench.open()["jobs"]:
            bench.kill("worker-fast-1")
            deaths += 1
    bench.play()
    bench.until(lambda: not bench.open()["jobs"], 60, "the others end")
    assert deaths == 3  # once among others, twice alone
    assert states(bench) == {"succeeded": 30, "dead": 1}
    assert bench.value("SELECT count(*) FROM jobs WHERE crashes > 0") == 1
