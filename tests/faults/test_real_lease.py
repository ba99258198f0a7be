"""The times that a fleet really runs with."""

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.fleet import Shape
from tests.faults.bench.waits import all_taken_back, leases_of, states, wait_until_running

LEASE_S = 60.0


@pytest.fixture
def shape() -> Shape:
    return Shape(replicas={"fast": 2, "std": 1}, lease_s=LEASE_S)


@pytest.mark.long
def test_with_a_lease_of_a_minute_a_killed_worker_s_jobs_run_again_after_it(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 3000}})
    bench.submit(20)
    wait_until_running(bench, 12)
    leases = leases_of(bench, "worker-fast-1")
    bench.kill("worker-fast-1")
    bench.recover(lambda: all_taken_back(bench, leases), LEASE_S + 5, "its leases are taken back")
    bench.until(lambda: bench.ended() == 20, 40, "all ended")
    assert states(bench) == {"succeeded": 20}
