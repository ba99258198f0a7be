"""Who waits how long beside whom, checked against the rank rule."""

import pytest

from tests.faults.bench.bench import Bench

STARTED = """
    SELECT jobs.id, jobs.tenant_id, jobs.batch_id, jobs.priority, jobs.rank_at,
           rank() OVER (ORDER BY jobs.started_at) AS place
    FROM jobs WHERE started_at IS NOT NULL"""


@pytest.mark.long
def test_urgent_jobs_do_not_wait_behind_a_hundred_thousand_others(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 30}})
    bench.submit_bulk(100_000, priority=9)
    bench.until(lambda: bench.ended() > 50, 120, "the bulk runs")
    waits = []
    for _ in range(10):
        urgent = bench.submit(1, priority=0)
        took = bench.recover(lambda job=urgent.job_ids[0]: bench.state_of(job) == "succeeded", 10, "it ended")
        waits.append(took)
    assert bench.ended() < 60_000  # the bulk was still there
    bench.cancel_all()


@pytest.mark.long
def test_a_small_tenant_is_served_beside_a_large_one(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 30}})
    bench.submit_bulk(5_000, tenant="large")
    bench.until(lambda: bench.ended() > 100, 60, "the large tenant runs")
    bench.submit_requests([bench.request() for _ in range(50)], tenant="small")
    bench.recover(lambda: bench.ended_of("small") == 50, 40, "the small tenant's jobs ended")
    assert bench.ended_of("large") < 1_500
    bench.cancel_all()


def test_a_batch_that_began_earlier_is_finished_earlier(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 30}})
    first, second = bench.submit(300), bench.submit(300)
    bench.until(lambda: bench.ended() == 600, 90, "all ended")
    places = {first.batch_id: [], second.batch_id: []}
    for row in bench.rows(STARTED):
        places[row["batch_id"]].append(row["place"])
    window = 8 * 70
    assert max(places[first.batch_id]) < min(places[second.batch_id]) + window
    assert sum(places[first.batch_id]) < sum(places[second.batch_id])
