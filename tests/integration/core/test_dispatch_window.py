"""What is dispatched, in which order, and that nothing is dispatched twice or left behind."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from producer.submission import Submitted
from staffel.contracts.requests import BatchRequest, JobRequest
from staffel.contracts.tasks import CeleryTask
from staffel.contracts.tiers import Tier
from staffel.storage.hints import Level, ids_in, list_name
from staffel.storage.repositories.jobs import JobFilter
from tests.support.fleet import TENANT, Bench
from workers.dispatch.window import Dispatcher

FAST = Tier.FAST

#: Two slots and an assumed service time of one second.
FAST_WINDOW = 6


async def dispatched(bench: Bench, tier: Tier = FAST) -> list[UUID]:
    """Tops up and takes the hints, in the order in which workers would."""
    await bench.dispatcher.top_up(tier)
    return [job_id for hint in bench.pop(tier) for job_id in hint.ids]


def claimed(bench: Bench, job_ids: Sequence[UUID]) -> None:
    """As if workers had taken and ended these: the window has room again."""
    bench.meddle(
        "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id = ANY(:ids)", ids=list(job_ids)
    )


async def waiting(bench: Bench, count: int, tenant: str = TENANT) -> tuple[UUID, ...]:
    """Queued jobs of which none is dispatched."""
    _, ids = await bench.batch(count, tenant=tenant)
    bench.meddle("UPDATE jobs SET dispatched_at = NULL")
    bench.meddle("DELETE FROM tenant_tiers")
    bench.pop(FAST)
    return ids


def tenants_of(bench: Bench, job_ids: Sequence[UUID]) -> list[str]:
    known = {row["id"]: row["tenant_id"] for row in bench.rows("SELECT id, tenant_id FROM jobs")}
    return [known[job_id] for job_id in job_ids]


async def test_a_window_is_filled_and_never_exceeds_its_size(bench: Bench) -> None:
    await waiting(bench, 20)
    for _ in range(3):
        await bench.dispatcher.top_up(FAST)
    assert len(bench.pop(FAST)) == FAST_WINDOW
    assert bench.one("SELECT count(dispatched_at) AS n FROM jobs")["n"] == FAST_WINDOW


async def test_a_quick_tier_gets_a_deeper_window(bench: Bench) -> None:
    await bench.queued()
    await bench.pump()
    bench.meddle("UPDATE attempts SET finished_at = started_at + interval '100 ms'")
    fresh = Dispatcher(bench.database, bench.hints, bench.fleet)
    await fresh.top_up(FAST)
    assert fresh.size_of(FAST) == 2 * (1 + 20)


async def test_rows_leave_in_the_order_of_their_rank(bench: Bench) -> None:
    late = await bench.submitted(priority=9)
    early = await bench.submitted(priority=0)
    middle = await bench.submitted(priority=5)
    await bench.classify(late, early, middle)
    assert [job_id for hint in bench.pop(FAST) for job_id in hint.ids] == [early, middle, late]


async def test_two_tenants_share_fairly_and_the_small_one_is_done_soon(bench: Bench) -> None:
    await waiting(bench, 500, "large")
    await waiting(bench, 5, "small")
    served: list[str] = []
    for _ in range(3):
        ids = await dispatched(bench)
        served += tenants_of(bench, ids)
        claimed(bench, ids)
    assert Counter(served) == {"large": 13, "small": 5}
    assert Counter(served[:12])["small"] == 5


async def test_topping_up_one_at_a_time_is_as_fair_as_many(bench: Bench) -> None:
    await waiting(bench, 40, "large")
    await waiting(bench, 40, "small")
    ids = await dispatched(bench)
    served = tenants_of(bench, ids)
    for _ in range(14):
        claimed(bench, ids[:1])
        ids = [*ids[1:], *await dispatched(bench)]
        served += tenants_of(bench, ids[-1:])
    assert Counter(served) == {"large": 10, "small": 10}


async def test_every_row_of_a_top_up_is_charged_to_its_tenant(bench: Bench) -> None:
    await waiting(bench, 20, "large")
    small = await waiting(bench, 8, "small")
    bench.meddle("UPDATE jobs SET rank_at = rank_at - interval '1 hour' WHERE tenant_id = 'small'")
    later = "UPDATE jobs SET run_at = now() + interval '1 hour' WHERE id = ANY(:ids)"
    bench.meddle(later, ids=list(small[2:]))
    ids = await dispatched(bench)
    assert Counter(tenants_of(bench, ids)) == {"large": 4, "small": 2}
    claimed(bench, ids)
    bench.meddle("UPDATE jobs SET run_at = now()")
    assert Counter(tenants_of(bench, await dispatched(bench))) == {"large": 2, "small": 4}


async def test_a_tenant_of_double_weight_gets_double(bench: Bench) -> None:
    await waiting(bench, 40, "heavy")
    await waiting(bench, 40, "light")
    bench.meddle("UPDATE tenants SET weight = 2 WHERE id = 'heavy'")
    served: list[str] = []
    for _ in range(3):
        ids = await dispatched(bench)
        served += tenants_of(bench, ids)
        claimed(bench, ids)
    assert Counter(served) == {"heavy": 12, "light": 6}


async def test_an_idle_tenant_gains_no_credit(bench: Bench) -> None:
    await waiting(bench, 60, "busy")
    await waiting(bench, 30, "idle")
    bench.meddle("UPDATE jobs SET run_at = now() + interval '1 hour' WHERE tenant_id = 'idle'")
    for _ in range(5):
        claimed(bench, await dispatched(bench))
    bench.meddle("UPDATE jobs SET run_at = now()")
    served: list[str] = []
    for _ in range(3):
        ids = await dispatched(bench)
        served += tenants_of(bench, ids)
        claimed(bench, ids)
    assert Counter(served) in (
        {"busy": 9, "idle": 9},
        {"busy": 8, "idle": 10},
    )


async def test_rows_whose_deadline_is_near_go_first_but_fill_half_at_most(bench: Bench) -> None:
    plain = await waiting(bench, 10)
    soon = datetime.now(UTC) + timedelta(seconds=2.5)
    near = [
        await bench.submitted(priority=9, deadline=soon + timedelta(milliseconds=n)) for n in range(5, 0, -1)
    ]
    await bench.classify(*near)
    bench.meddle("UPDATE jobs SET dispatched_at = NULL")
    bench.pop(FAST)
    ids = await dispatched(bench)
    assert ids[:3] == [near[4], near[3], near[2]]
    assert set(ids[3:]) <= set(plain)
    assert len(ids) == FAST_WINDOW


async def test_a_row_more_urgent_than_all_in_the_window_goes_express(bench: Bench) -> None:
    normal = await bench.queued(priority=5)
    urgent = await bench.queued(priority=0)
    later = await bench.queued(priority=9)
    on_lists = {
        level: [ids_in(message)[0] for message in bench.servers.redis.lrange(list_name(FAST, level), 0, -1)]
        for level in Level
    }
    assert on_lists == {Level.EXPRESS: [urgent], Level.NORMAL: [later, normal]}


async def test_hints_are_pushed_only_after_the_commit(bench: Bench) -> None:
    await waiting(bench, 3)
    async with bench.database.transaction() as tx:
        assert await tx.dispatch.try_lock(FAST)
        chosen = await tx.dispatch.choose(FAST, free=3, risk=timedelta())
        assert len(chosen) == 3
        assert bench.pop(FAST) == []
    bench.meddle("UPDATE jobs SET dispatched_at = NULL")
    await bench.redis.aclose()
    assert len(await dispatched(bench)) == 3


async def test_a_dispatcher_that_is_locked_out_leaves_a_flag_and_the_holder_looks_again(bench: Bench) -> None:
    await waiting(bench, 3)
    async with bench.database.transaction() as tx:
        assert await tx.dispatch.try_lock(FAST)
        assert await bench.dispatcher.top_up(FAST) == 0
        assert await bench.hints.flag_stands(FAST)
    assert await bench.dispatcher.top_up(FAST) == 3
    assert not await bench.hints.flag_stands(FAST)


async def test_two_dispatchers_at_once_dispatch_each_row_once_and_leave_none_behind(bench: Bench) -> None:
    ids = await waiting(bench, 60)
    other = Dispatcher(bench.database, bench.hints, bench.fleet)
    taken: list[UUID] = []
    while len(taken) < len(ids):
        await asyncio.gather(*(d.top_up(FAST) for d in (bench.dispatcher, other) for _ in range(4)))
        popped = [job_id for hint in bench.pop(FAST) for job_id in hint.ids]
        assert popped, "rows were left behind"
        assert len(popped) <= FAST_WINDOW
        claimed(bench, popped)
        taken += popped
    assert sorted(taken) == sorted(ids)


async def test_many_requests_at_once_become_few_top_ups_and_all_are_served(bench: Bench) -> None:
    await waiting(bench, 3)
    for _ in range(50):
        bench.dispatcher.request(FAST)
    await bench.dispatcher.close()
    assert len(bench.pop(FAST)) == 3


async def test_cancelled_rows_are_never_dispatched(bench: Bench) -> None:
    ids = await waiting(bench, 3)
    async with bench.database.transaction() as tx:
        await tx.jobs.cancel(JobFilter(TENANT, job_ids=(ids[0],)))
    assert sorted(await dispatched(bench)) == sorted(ids[1:])


async def test_a_row_that_is_not_due_yet_is_not_dispatched(bench: Bench) -> None:
    ids = await waiting(bench, 2)
    bench.meddle("UPDATE jobs SET run_at = now() + interval '1 hour' WHERE id = :id", id=ids[0])
    assert await dispatched(bench) == [ids[1]]
    bench.meddle("UPDATE jobs SET run_at = now()")
    assert await dispatched(bench) == [ids[0]]


async def test_a_suspect_is_hinted_to_run_alone(bench: Bench) -> None:
    (job_id,) = await waiting(bench, 1)
    bench.meddle("UPDATE jobs SET quarantined = true")
    await bench.dispatcher.top_up(FAST)
    (hint,) = bench.pop(FAST)
    assert (hint.task, hint.ids) == (CeleryTask.RUN_ALONE, (job_id,))


async def test_without_redis_rows_stay_dispatched_and_are_found_again(bench: Bench) -> None:
    (job_id,) = await waiting(bench, 1)
    async with bench.database.transaction() as tx:
        await tx.dispatch.choose(FAST, free=1, risk=timedelta())
    assert await bench.sweep("HintFinder") == 1
    assert await dispatched(bench) == [job_id]


@pytest.mark.parametrize("tenants", [1, 3])
async def test_items_of_a_batch_leave_in_their_order(bench: Bench, tenants: int) -> None:
    for tenant in range(tenants):
        items = [Submitted(JobRequest(prompt=f"Item {n}")) for n in range(4)]
        accepted = await bench.submission.submit_batch(f"t{tenant}", BatchRequest(), items)
        await bench.classify(*accepted.job_ids)
    seen: list[UUID] = []
    while ids := await dispatched(bench):
        seen += ids
        claimed(bench, ids)
    places = {row["id"]: row for row in bench.rows("SELECT id, tenant_id, batch_index FROM jobs")}
    for tenant in range(tenants):
        own = [places[i]["batch_index"] for i in seen if places[i]["tenant_id"] == f"t{tenant}"]
        assert own == [0, 1, 2, 3]
