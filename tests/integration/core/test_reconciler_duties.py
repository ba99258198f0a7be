"""What the reconciler mends, once, however often and by however many it is run."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest_asyncio

from staffel.contracts.errors import UnreachableError
from staffel.contracts.tiers import Queue, Tier
from staffel.storage.repositories.jobs import JobFilter
from tests.support.fleet import TENANT, Bench
from tests.support.servers import Servers
from workers.dispatch.reconciler import Duty, Reconciler

FAST = Tier.FAST
URL = "https://x.example/"


async def crash(bench: Bench, job_id: UUID) -> None:
    """A worker claims the job and is never heard of again."""
    await bench.claimed(job_id)
    bench.lose_lease(job_id)
    assert await bench.sweep("LeaseReaper") == 1


async def test_a_job_whose_lease_ran_out_is_queued_in_quarantine_and_not_charged(bench: Bench) -> None:
    job_id = await bench.queued()
    await crash(bench, job_id)
    job, (attempt,) = bench.job(job_id), bench.of_job("attempts", job_id)
    assert (job["state"], job["quarantined"], job["crashes"]) == ("queued", True, 0)
    assert (job["lease_token"], job["dispatched_at"], job["finished_at"]) == (None, None, None)
    assert (attempt["outcome"], attempt["reason"]) == ("crashed", "the lease ran out")


async def test_a_crash_alone_is_charged_and_the_second_one_is_the_end(bench: Bench) -> None:
    batch_id, (job_id,) = await bench.batch(1, callback_url=URL)
    await crash(bench, job_id)
    await crash(bench, job_id)
    assert (bench.job(job_id)["state"], bench.job(job_id)["crashes"]) == ("queued", 1)
    await crash(bench, job_id)
    job = bench.job(job_id)
    assert (job["state"], job["crashes"], job["error_code"]) == ("dead", 2, "crashed")
    assert job["error_message"] == "its worker died 2 times while it ran alone"
    assert bench.one("SELECT finished_at FROM batches")["finished_at"] is not None
    assert bench.count("callbacks", batch_id=batch_id) == 1
    assert [row["attempt"] for row in bench.of_job("attempts", job_id)] == [1, 2, 3]


async def test_a_dead_job_tells_its_callback(bench: Bench) -> None:
    job_id = await bench.queued(callback_url=URL)
    for _ in range(3):
        await crash(bench, job_id)
    assert [row["event"] for row in bench.of_job("callbacks", job_id)] == ["job.ended"]


async def test_a_job_that_was_to_be_cancelled_when_its_worker_died_is_cancelled(bench: Bench) -> None:
    job_id = await bench.queued()
    await bench.claimed(job_id)
    async with bench.database.transaction() as tx:
        await tx.jobs.cancel(JobFilter(TENANT, job_ids=(job_id,)))
    bench.lose_lease(job_id)
    await bench.sweep("LeaseReaper")
    assert bench.job(job_id)["state"] == "cancelled"


async def test_a_lease_that_holds_is_left_alone(bench: Bench) -> None:
    job_id = await bench.queued()
    await bench.claimed(job_id)
    assert await bench.sweep("LeaseReaper") == 0
    assert bench.job(job_id)["state"] == "running"


async def test_after_a_restart_of_the_database_no_lease_expires_for_one_lease_length(bench: Bench) -> None:
    job_id = await bench.queued()
    await bench.claimed(job_id)
    bench.lose_lease(job_id)
    assert await bench.sweep("LeaseReaper", lease_s=86_400.0) == 0


async def test_lost_hints_are_found_and_those_that_still_wait_are_left(bench: Bench) -> None:
    _, ids = await bench.batch(4)
    kept = ids[:2]
    bench.pop(FAST)
    async with bench.database.transaction() as tx:
        known = await tx.dispatch.window(FAST)
    assert known.size == 4
    bench.meddle("UPDATE jobs SET dispatched_at = NULL WHERE id = ANY(:ids)", ids=list(kept))
    await bench.dispatcher.top_up(FAST)
    assert await bench.sweep("HintFinder") == 2
    lost = bench.rows("SELECT id FROM jobs WHERE dispatched_at IS NULL ORDER BY id")
    assert [row["id"] for row in lost] == sorted(ids[2:])
    await bench.dispatcher.top_up(FAST)
    assert sorted(job_id for hint in bench.pop(FAST) for job_id in hint.ids) == sorted(ids)


async def test_garbage_in_a_list_does_not_stop_the_search_for_lost_hints(bench: Bench) -> None:
    job_id = await bench.queued()
    bench.pop(FAST)
    for garbage in (b"\xff", b"{}", b'{"body": "%"}', b"[" * 100_000, b"7"):
        bench.servers.redis.lpush(FAST, garbage)
    assert await bench.sweep("HintFinder") == 1
    assert bench.job(job_id)["dispatched_at"] is None


async def test_when_the_epoch_is_gone_all_that_is_queued_is_dispatched_again(bench: Bench) -> None:
    assert await bench.sweep("EpochKeeper") == 0
    _, ids = await bench.batch(3)
    assert await bench.sweep("EpochKeeper") == 0
    bench.servers.redis.flushall()
    assert await bench.sweep("EpochKeeper") == 3
    await bench.dispatcher.top_up(FAST)
    assert sorted(job_id for hint in bench.pop(FAST) for job_id in hint.ids) == sorted(ids)


async def test_jobs_that_nobody_classified_are_hinted_again_unless_their_hint_waits(bench: Bench) -> None:
    waiting = await bench.submitted()
    assert await bench.sweep("ClassifyStager") == 0
    bench.pop(Queue.CLASSIFY)
    assert await bench.sweep("ClassifyStager") == 1
    assert [hint.ids for hint in bench.pop(Queue.CLASSIFY)] == [(waiting,)]
    await bench.classify(waiting)
    assert await bench.sweep("ClassifyStager") == 0


async def test_jobs_that_wait_beyond_their_deadline_fail(bench: Bench) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    queued = await bench.queued(deadline=later, callback_url=URL)
    submitted = await bench.submitted(deadline=later)
    running = await bench.queued(deadline=later)
    await bench.claimed(running)
    assert await bench.sweep("DeadlineKeeper") == 0
    bench.meddle("UPDATE jobs SET deadline = now() - interval '1 s'")
    assert await bench.sweep("DeadlineKeeper") == 2
    for job_id in (queued, submitted):
        job = bench.job(job_id)
        assert (job["state"], job["error_code"]) == ("failed", "deadline_exceeded")
    assert bench.job(running)["state"] == "running"
    assert len(bench.of_job("callbacks", queued)) == 1


async def test_ten_closers_at_once_finish_a_batch_once_and_tell_of_it_once(bench: Bench) -> None:
    batch_id, ids = await bench.batch(3, callback_url=URL)
    bench.meddle("UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id <> :id", id=ids[0])
    assert sum(await asyncio.gather(*(bench.batches.close([batch_id]) for _ in range(5)))) == 0
    bench.meddle("UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id = :id", id=ids[0])
    closers = [bench.batches.close([batch_id]) for _ in range(5)]
    sweepers = [bench.batches.close_all() for _ in range(5)]
    assert sum(await asyncio.gather(*closers, *sweepers)) == 1
    assert bench.count("callbacks", batch_id=batch_id) == 1


async def test_orphaned_calls_are_booked_once_by_two_reconcilers(bench: Bench) -> None:
    _, ids = await bench.batch(5)
    for job_id in ids:
        await crash(bench, job_id)
    booked = await asyncio.gather(*(bench.sweep("OrphanBooker") for _ in range(4)))
    assert sum(booked) == 5
    assert bench.count("costs", estimated=True) == bench.count("calls", state="orphaned") == 5
    assert await bench.sweep("OrphanBooker") == 0


async def test_the_call_of_a_running_attempt_is_no_orphan(bench: Bench) -> None:
    await bench.claimed(await bench.queued())
    assert await bench.sweep("OrphanBooker") == 0


@pytest_asyncio.fixture
async def mess(servers: Servers) -> AsyncIterator[Bench]:
    """Something for every duty."""
    bench = Bench(servers)
    await bench.submitted()
    _, (first, *_) = await bench.batch(9, callback_url=URL)
    await bench.claimed(first)
    bench.lose_lease(first)
    late = await bench.queued(deadline=datetime.now(UTC) + timedelta(hours=1))
    bench.meddle("UPDATE jobs SET deadline = now() WHERE id = :id", id=late)
    bench.servers.redis.flushall()
    yield bench
    await bench.close()


async def test_running_every_duty_many_times_changes_nothing_more(mess: Bench) -> None:
    first = await mess.turn()
    for duty in ("EpochKeeper", "LeaseReaper", "DeadlineKeeper", "ClassifyStager", "OrphanBooker"):
        assert first[duty] > 0, duty
    jobs, costs = mess.rows("SELECT * FROM jobs ORDER BY id"), mess.rows("SELECT * FROM costs")
    hints = {queue: mess.servers.redis.llen(queue) for queue in (FAST, Queue.CLASSIFY)}
    for _ in range(5):
        again = await mess.turn()
        assert not any(again.values()), again
    await asyncio.gather(*(mess.turn() for _ in range(4)))
    assert (mess.rows("SELECT * FROM jobs ORDER BY id"), mess.rows("SELECT * FROM costs")) == (jobs, costs)
    assert {queue: mess.servers.redis.llen(queue) for queue in (FAST, Queue.CLASSIFY)} == hints


class Fails:
    """A duty that raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def sweep(self) -> int:
        raise self.error


class Mends:
    """A duty that has something to do."""

    async def sweep(self) -> int:
        return 2


async def test_a_duty_that_fails_does_not_keep_the_others_from_their_work() -> None:
    duties: list[Duty] = [Fails(UnreachableError()), Fails(KeyError("a fault of our own")), Mends()]
    assert await Reconciler(duties, 1.0).turn() == {"Mends": 2}
