"""Workers that die with work in hand."""

import signal

import pytest
from sqlalchemy import text

from tests.faults.bench.bench import Bench
from tests.faults.bench.waits import all_taken_back, leases_of, wait_until_running, waiting_for_locks


def test_a_worker_killed_during_the_call_loses_nothing_and_its_jobs_run_again(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 1500}})
    bench.submit(40)
    wait_until_running(bench, 12)
    leases = leases_of(bench, "worker-fast-1")
    bench.kill("worker-fast-1")
    bench.recover(lambda: all_taken_back(bench, leases), 3 + 0.5 + 5, "its leases are taken back")


def test_a_worker_killed_before_it_claims_loses_only_hints(bench: Bench) -> None:
    with bench.engine.begin() as lock:
        lock.execute(text("LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE"))
        bench.submit(30)
        bench.until(lambda: waiting_for_locks(bench) > 0, 20, "claims wait for the lock")
        bench.kill("worker-fast-1")
        bench.kill("worker-fast-2")
    bench.recover(lambda: bench.ended() == 30, 40, "all jobs ended")


def test_a_worker_killed_with_answers_it_has_not_recorded_books_them_as_estimates(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 300}})
    bench.submit(30)
    wait_until_running(bench, 8)
    with bench.engine.begin() as lock:
        lock.execute(text("LOCK TABLE results IN ACCESS EXCLUSIVE MODE"))
        bench.until(lambda: waiting_for_locks(bench) > 3, 20, "results wait for the lock")
        leases = leases_of(bench, "worker-fast-1")
        bench.kill("worker-fast-1")
    bench.recover(lambda: all_taken_back(bench, leases), 10, "its leases are taken back")


def test_a_worker_killed_after_the_commit_leaves_the_batch_to_the_reconciler(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 300}})
    batch = bench.submit(6)
    with bench.engine.begin() as lock:
        lock.execute(text("SELECT id FROM batches WHERE id = :id FOR UPDATE"), {"id": batch.batch_id})
        bench.until(lambda: bench.ended() == 6, 20, "all jobs ended")
        for worker in bench.workers("fast"):
            bench.kill(worker)
    bench.recover(lambda: not bench.open()["batches"], 20, "the batch finished")


def test_a_frozen_worker_that_wakes_after_its_lease_is_refused_and_its_calls_are_booked(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 1000}})
    bench.submit(24)
    wait_until_running(bench, 12)
    leases = leases_of(bench, "worker-fast-1")
    bench.send("worker-fast-1", signal.SIGSTOP)
    bench.recover(lambda: all_taken_back(bench, leases), 15, "its leases are taken back")
    bench.play()
    bench.until(lambda: bench.ended() == 24, 40, "the others ran its jobs")
    bench.resume("worker-fast-1")


@pytest.mark.long
def test_twenty_random_kills_during_two_thousand_jobs_lose_and_double_nothing(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 60}})
    bench.submit(2000)
    for number in range(20):
        bench.until(lambda done=number: bench.ended() >= 80 * done, 120, "work goes on")
        bench.kill(bench.chance.choice(bench.workers("fast")))
    bench.rest(180)
