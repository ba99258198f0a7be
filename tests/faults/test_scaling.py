"""Workers that come and go, and slots that grow and shrink, under load."""

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.fleet import Shape
from tests.faults.bench.waits import outcomes, states, wait_until_running


@pytest.fixture
def shape() -> Shape:
    return Shape(replicas={"fast": 1, "std": 1})


def test_workers_added_and_taken_away_at_the_peak_cut_no_job(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 200}})
    bench.submit(400)
    wait_until_running(bench, 8)
    bench.start_program("worker-fast-9", "worker", "fast", "--replica", "9")
    bench.until(lambda: bench.running() > 10, 40, "the new worker works")
    bench.retire("worker-fast-9")
    bench.until(lambda: bench.ended() == 400, 60, "all ended")
    assert states(bench) == {"succeeded": 400}
    assert "crashed" not in outcomes(bench)


def test_a_tier_scaled_to_zero_keeps_its_jobs_until_a_worker_comes(bench: Bench) -> None:
    bench.retire("worker-fast-1")
    bench.submit(40)
    bench.until(lambda: states(bench) == {"queued": 40}, 20, "all wait")
    bench.start_program("worker-fast-1", "worker", "fast", "--replica", "1")
    bench.recover(lambda: bench.ended() == 40, 40, "all ended")


def test_slots_that_grow_and_shrink_under_load_cut_no_job(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 150}})
    bench.submit(400)
    wait_until_running(bench, 8)
    for change in ("pool_grow", "pool_shrink", "pool_grow", "pool_shrink", "pool_shrink"):
        bench.control(change, "fast-1.5b.fast", 4)
        bench.pause(1.0)
    bench.until(lambda: bench.ended() == 400, 60, "all ended")
    assert outcomes(bench) == {"succeeded": 400}
