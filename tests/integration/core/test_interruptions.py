"""A running job that is cancelled, released or fenced, and the races between these and its end."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from producer.submission import Submitted
from staffel.contracts.errors import ProviderUnavailableError
from staffel.contracts.requests import BatchRequest, JobRequest
from staffel.contracts.tiers import Tier
from staffel.storage.repositories.jobs import JobFilter
from staffel.storage.wakes import CANCEL_CHANNEL
from tests.support.fake_provider import Hang, fails, says, then
from tests.support.fleet import TENANT, Bench
from tests.support.servers import Servers
from tests.support.waiting import until
from workers.outcomes import Interruption


@pytest_asyncio.fixture
async def beating(servers: Servers) -> AsyncIterator[Bench]:
    bench = Bench(servers, heartbeat_s=0.05)
    yield bench
    await bench.close()


def ears(bench: Bench) -> int:
    """How many listen for cancels."""
    ((_, count),) = dict(bench.servers.redis.pubsub_numsub(CANCEL_CHANNEL)).items()
    return int(count)


async def ask_to_cancel(bench: Bench, job_id: UUID, *, wake: bool) -> None:
    async with bench.database.transaction() as tx:
        await tx.jobs.cancel(JobFilter(TENANT, job_ids=(job_id,)))
    if wake:
        await bench.wakes.cancel([job_id])


async def hanging(bench: Bench, **fields: Any) -> tuple[UUID, Hang, "asyncio.Task[None]"]:
    hang = Hang()
    bench.provider.plays(hang)
    job_id = await bench.queued(**fields)
    work = asyncio.create_task(bench.run(job_id))
    await asyncio.wait_for(hang.began.wait(), 5)
    return job_id, hang, work


@pytest.mark.parametrize("wake", [True, False], ids=["by the wake", "by the heartbeat"])
async def test_a_running_job_is_cancelled_in_well_under_a_second(servers: Servers, wake: bool) -> None:
    bench = Bench(servers, heartbeat_s=20.0 if wake else 0.05)
    await bench.service(Tier.FAST).open()
    await until(lambda: ears(bench))
    job_id, hang, work = await hanging(bench)
    started = time.monotonic()
    await ask_to_cancel(bench, job_id, wake=wake)
    await asyncio.wait_for(work, 5)
    assert time.monotonic() - started < 0.8
    assert hang.cancelled.is_set()
    job, (attempt,), (call,) = (
        bench.job(job_id),
        bench.of_job("attempts", job_id),
        bench.of_job("calls", job_id),
    )
    assert (job["state"], attempt["outcome"], call["state"]) == ("cancelled", "cancelled", "lost")
    assert job["finished_at"] is not None
    assert bench.of_job("costs", job_id)[0]["estimated"]
    await bench.close()


async def test_garbage_on_the_cancel_channel_does_not_deafen(beating: Bench) -> None:
    service = beating.service(Tier.FAST)
    await service.open()
    await until(lambda: ears(beating))
    beating.servers.redis.publish(CANCEL_CHANNEL, "no id")
    job_id, _, work = await hanging(beating)
    await ask_to_cancel(beating, job_id, wake=True)
    await asyncio.wait_for(work, 5)
    assert beating.job(job_id)["state"] == "cancelled"
    assert all(not task.done() for task in service.background.tasks)


async def test_of_cancel_and_finish_exactly_one_wins(bench: Bench) -> None:
    async def race(job_id: UUID, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await ask_to_cancel(bench, job_id, wake=False)
        bench.service(Tier.FAST).leases.interrupt(job_id, Interruption.CANCELLED)

    _, ids = await bench.batch(20)
    await asyncio.gather(*(bench.run(i) for i in ids), *(race(i, n / 1000) for n, i in enumerate(ids)))
    for job_id in ids:
        state = bench.job(job_id)["state"]
        assert state in {"cancelled", "succeeded"}
        assert len(bench.of_job("results", job_id)) == (state == "succeeded")
        assert all(a["outcome"] == state for a in bench.of_job("attempts", job_id))
    assert bench.one("SELECT finished_at FROM batches")["finished_at"] or await bench.sweep("BatchSweeper")


async def test_a_cancel_that_comes_while_a_job_would_be_queued_again_ends_it(bench: Bench) -> None:
    request = JobRequest(prompt="Say hello.", callback_url="https://x.example/")
    accepted = await bench.submission.submit_batch(TENANT, BatchRequest(), [Submitted(request)])
    (job_id,) = accepted.job_ids
    await bench.classify(job_id)

    async def cancel() -> None:
        await ask_to_cancel(bench, job_id, wake=False)

    bench.provider.plays(then(cancel, fails(ProviderUnavailableError())))
    await bench.run(job_id)
    assert bench.job(job_id)["state"] == "cancelled"
    assert len(bench.of_job("callbacks", job_id)) == 1
    assert bench.one("SELECT finished_at FROM batches")["finished_at"] is not None


async def test_a_released_job_is_queued_again_and_nothing_is_charged(bench: Bench) -> None:
    job_id, hang, work = await hanging(bench)
    bench.service(Tier.FAST).release()
    await asyncio.wait_for(work, 5)
    job = bench.job(job_id)
    assert hang.cancelled.is_set()
    assert (job["state"], job["dispatched_at"], job["quarantined"]) == ("queued", None, False)
    assert (job["transient_failures"], job["escalations"], job["crashes"]) == (0, 0, 0)
    await bench.run(job_id)
    rows = bench.of_job("attempts", job_id)
    assert [(row["attempt"], row["outcome"]) for row in rows] == [(1, "released")]  # it takes no other
    bench.replace(Tier.FAST)
    await bench.run(job_id)
    rows = bench.of_job("attempts", job_id)
    assert [(row["attempt"], row["outcome"]) for row in rows] == [(1, "released"), (2, "succeeded")]


async def test_an_answer_under_a_lost_lease_is_refused_and_its_cost_is_booked(bench: Bench) -> None:
    job_id = await bench.queued()

    async def another_takes_it() -> None:
        bench.meddle("UPDATE jobs SET lease_token = :token", token=uuid4())

    bench.provider.plays(then(another_takes_it, says()))
    await bench.run(job_id)
    assert bench.job(job_id)["state"] == "running"
    assert bench.of_job("results", job_id) == []
    assert bench.of_job("attempts", job_id)[0]["outcome"] == "running"
    assert bench.of_job("calls", job_id)[0]["state"] == "answered"
    assert not bench.of_job("costs", job_id)[0]["estimated"]


async def test_the_heartbeat_finds_a_lost_lease_and_stops_the_work(bench: Bench) -> None:
    job_id, hang, work = await hanging(bench)
    bench.meddle("UPDATE jobs SET lease_token = :token", token=uuid4())
    before = bench.job(job_id)
    await bench.service(Tier.FAST).leases.beat()
    await asyncio.wait_for(work, 5)
    assert hang.cancelled.is_set()
    assert bench.job(job_id) == before
    assert bench.of_job("costs", job_id)[0]["estimated"]


async def test_the_heartbeat_renews_every_lease_it_holds(bench: Bench) -> None:
    job_id, _, work = await hanging(bench)
    bench.meddle("UPDATE jobs SET lease_until = now() + interval '1 s'")
    leases = bench.service(Tier.FAST).leases
    await leases.beat()
    ahead = bench.one("SELECT lease_until - now() > interval '50 s' AS renewed FROM jobs")
    assert (ahead["renewed"], len(leases)) == (True, 1)
    leases.interrupt_all(Interruption.RELEASED)
    await asyncio.wait_for(work, 5)
    assert len(leases) == 0
    assert bench.job(job_id)["state"] == "queued"


async def test_the_first_reason_to_interrupt_counts(bench: Bench) -> None:
    job_id, _, work = await hanging(bench)
    leases = bench.service(Tier.FAST).leases
    leases.interrupt(job_id, Interruption.CANCELLED)
    leases.interrupt(job_id, Interruption.RELEASED)
    await asyncio.wait_for(work, 5)
    assert bench.job(job_id)["state"] == "cancelled"
