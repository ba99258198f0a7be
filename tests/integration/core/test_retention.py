"""What is old goes, tenant by tenant and in bites; what is open, unbooked, young or money stays."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from staffel.contracts.retention import Keep, Pruned
from staffel.storage.repositories.retention import FIRST
from staffel.storage.sql import statement
from tests.support.command_line import CommandLine
from tests.support.fleet import TENANT, Bench
from workers.dispatch.pruner import BITE, Pruner, prune

KEEP = Keep(jobs_days=90, failed_days=180, payloads_days=30, keys_days=30)
OWNED = ("payloads", "results", "attempts", "calls", "routing_decisions")
AGE = """
    UPDATE jobs
    SET submitted_at = now() - interval '1 y', finished_at = now() - make_interval(days => :days)"""


async def succeeded(bench: Bench, *, days: int, tenant: str = TENANT, **fields: Any) -> UUID:
    """A job that ran to its end so many days ago."""
    job_id = await bench.queued(tenant=tenant, **fields)
    await bench.pump()
    assert bench.job(job_id)["state"] == "succeeded"
    bench.meddle(AGE + " WHERE id = :id", days=days, id=job_id)
    return make_old_id(bench, job_id)


def make_old_id(bench: Bench, job_id: UUID) -> UUID:
    """Ids tell of the time of submission: this one is made a year older."""
    old = UUID(int=job_id.int - (365 * 86_400_000 << 80))
    with bench.servers.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in (*OWNED, "callbacks", "costs", "idempotency_keys"):
            connection.exec_driver_sql(
                f"UPDATE {table} SET job_id = %s WHERE job_id = %s",  # noqa: S608
                (old, job_id),
            )
        connection.exec_driver_sql("UPDATE jobs SET id = %s WHERE id = %s", (old, job_id))
    return old


async def prune_all(bench: Bench, keep: Keep = KEEP) -> Pruned:
    gone = Pruned()
    async for pruned in prune(bench.database, keep):
        gone += pruned
    return gone


def stand(bench: Bench) -> set[UUID]:
    return {row["id"] for row in bench.rows("SELECT id FROM jobs")}


async def test_a_job_that_is_too_old_goes_with_all_it_owns_and_its_costs_stay(bench: Bench) -> None:
    old = await succeeded(bench, days=91, callback_url="https://x.example/")
    young = await succeeded(bench, days=89)
    costs = bench.rows("SELECT * FROM costs ORDER BY id")
    gone = await prune_all(bench)
    assert (gone.jobs, gone.results, gone.attempts, gone.calls, gone.decisions) == (1, 1, 1, 1, 1)
    assert (gone.callbacks, gone.payloads) == (1, 2), "the younger one's content was too old as well"
    assert stand(bench) == {young}
    assert all(not bench.of_job(table, old) for table in (*OWNED, "callbacks"))
    assert bench.rows("SELECT * FROM costs ORDER BY id") == costs
    assert len(bench.of_job("costs", old)) == 1


async def test_content_is_erased_earlier_and_job_and_result_stay(bench: Bench) -> None:
    old, young = await succeeded(bench, days=31), await succeeded(bench, days=29)
    gone = await prune_all(bench)
    assert gone == Pruned(payloads=1)
    assert bench.of_job("payloads", old) == []
    assert (len(bench.of_job("results", old)), len(bench.of_job("attempts", old))) == (1, 1)
    assert len(bench.of_job("payloads", young)) == 1


async def test_every_age_is_its_own_and_zero_keeps_for_ever(bench: Bench) -> None:
    ids = [await succeeded(bench, days=days) for days in (100, 100, 200, 200)]
    for job_id, state in zip(ids, ("cancelled", "failed", "dead", "succeeded"), strict=True):
        bench.meddle("UPDATE jobs SET state = :state WHERE id = :id", state=state, id=job_id)
    assert (await prune_all(bench, Keep(0, 0, 0, 0))).total == 0
    assert (
        await prune_all(bench, Keep(jobs_days=0, failed_days=180, payloads_days=0, keys_days=0))
    ).jobs == 1
    assert stand(bench) == {ids[0], ids[1], ids[3]}
    assert (await prune_all(bench)).jobs == 2
    assert stand(bench) == {ids[1]}


async def test_a_tenant_has_its_own_ages(bench: Bench) -> None:
    mine, yours = (
        await succeeded(bench, days=40, tenant="mine"),
        await succeeded(bench, days=40, tenant="yours"),
    )
    ever = await succeeded(bench, days=4_000, tenant="ever")
    bench.meddle("UPDATE tenants SET keep_jobs_days = 35 WHERE id = 'mine'")
    bench.meddle("UPDATE tenants SET keep_payloads_days = 50 WHERE id = 'yours'")
    bench.meddle("UPDATE tenants SET keep_jobs_days = 0, keep_payloads_days = 0 WHERE id = 'ever'")
    gone = await prune_all(bench)
    assert (gone.jobs, gone.payloads) == (1, 1)
    assert stand(bench) == {yours, ever}
    assert bench.count("payloads") == 2
    assert mine not in stand(bench)


async def test_open_jobs_are_never_touched_however_old_they_are(bench: Bench) -> None:
    submitted, queued, running = await bench.submitted(), await bench.queued(), await bench.queued()
    await bench.claimed(running)
    bench.meddle("UPDATE jobs SET submitted_at = now() - interval '9 y', run_at = now() - interval '9 y'")
    ids = {make_old_id(bench, job_id) for job_id in (submitted, queued, running)}
    assert (await prune_all(bench)).total == 0
    assert stand(bench) == ids
    assert bench.count("payloads") == 3


async def test_a_job_with_a_call_that_is_not_booked_yet_waits_for_it(bench: Bench) -> None:
    job_id = await succeeded(bench, days=400)
    bench.meddle("UPDATE calls SET state = 'intended', intended_at = now() - interval '400 d'")
    bench.meddle("DELETE FROM costs")
    assert (await prune_all(bench)).jobs == 0
    assert await bench.sweep("OrphanBooker") == 1
    assert (await prune_all(bench)).jobs == 1
    assert bench.one("SELECT job_id, estimated FROM costs") == {"job_id": job_id, "estimated": True}


async def test_a_call_that_never_left_holds_nothing_up(bench: Bench) -> None:
    await succeeded(bench, days=400)
    bench.meddle("UPDATE calls SET state = 'unsent'")
    bench.meddle("DELETE FROM costs")
    assert (await prune_all(bench)).jobs == 1


async def test_a_batch_goes_with_the_last_of_its_jobs_and_not_before(bench: Bench) -> None:
    batch_id, (first, second) = await bench.batch(2, callback_url="https://x.example/")
    await bench.pump()
    bench.meddle(AGE, days=100)
    bench.meddle(
        "UPDATE batches SET submitted_at = now() - interval '1 y', finished_at = now() - interval '100 d'"
    )
    bench.meddle("UPDATE jobs SET state = 'dead' WHERE id = :id", id=second)
    bench.meddle("DELETE FROM results WHERE job_id = :id", id=second)
    gone = await prune_all(bench)
    assert (gone.jobs, gone.batches) == (1, 0)
    assert stand(bench) == {second}
    bench.meddle("UPDATE jobs SET finished_at = now() - interval '200 d'")
    gone = await prune_all(bench)
    assert (gone.jobs, gone.batches, gone.callbacks) == (1, 1, 1)
    assert (bench.count("batches"), bench.count("callbacks")) == (0, 0)
    assert bench.count("costs", batch_id=batch_id) == 2
    assert first not in stand(bench)


async def test_a_batch_that_is_open_or_young_stays_even_when_it_has_no_jobs_of_its_own(bench: Bench) -> None:
    bench.meddle("INSERT INTO tenants (id) VALUES ('t')")
    bench.meddle(
        "INSERT INTO batches (id, tenant_id, submitted_at, finished_at) "
        "SELECT gen_random_uuid(), 't', now() - interval '9 y', ended "
        "FROM (VALUES (NULL), (now() - interval '1 d')) AS ends (ended)"
    )
    assert (await prune_all(bench)).batches == 0
    bench.meddle("UPDATE batches SET finished_at = now() - interval '91 d' WHERE finished_at IS NOT NULL")
    assert (await prune_all(bench)).batches == 1


async def test_idempotency_keys_go_by_their_own_age(bench: Bench) -> None:
    await bench.submitted(idempotency_key="old")
    await bench.submitted(idempotency_key="young")
    bench.meddle("UPDATE idempotency_keys SET created_at = now() - interval '31 d' WHERE key = 'old'")
    assert await prune_all(bench) == Pruned(keys=1)
    assert bench.one("SELECT key FROM idempotency_keys") == {"key": "young"}
    assert bench.count("jobs") == 2


async def test_pruners_side_by_side_delete_each_row_once_and_then_nothing(bench: Bench) -> None:
    await bench.batch(2 * BITE + 50)
    bench.meddle(
        "UPDATE jobs SET state = 'cancelled', finished_at = now() - interval '100 d', dispatched_at = NULL"
    )
    bench.meddle(
        "UPDATE batches SET submitted_at = now() - interval '1 y', finished_at = now() - interval '100 d'"
    )
    gone = await asyncio.gather(*(prune_all(bench) for _ in range(4)))
    again = await prune_all(bench)
    assert sum(one.jobs for one in gone) + again.jobs == 2 * BITE + 50
    assert (bench.count("jobs"), bench.count("payloads"), bench.count("batches")) == (0, 0, 0)
    assert (await prune_all(bench)).total == 0


async def test_a_job_that_somebody_retries_at_this_moment_is_left_to_them(bench: Bench) -> None:
    await succeeded(bench, days=400)
    with bench.servers.engine.begin() as connection:
        connection.exec_driver_sql("SELECT id FROM jobs FOR UPDATE")
        assert (await prune_all(bench)).total == 0
    assert (await prune_all(bench)).jobs == 1


async def test_a_turn_stops_when_its_time_is_over_and_the_next_one_goes_on(bench: Bench) -> None:
    await bench.batch(2 * BITE + 1)
    bench.meddle(
        "UPDATE jobs SET state = 'cancelled', finished_at = now() - interval '100 d', dispatched_at = NULL"
    )
    pruner = Pruner(bench.database, KEEP, every_s=3600.0, budget_s=0.0)
    turns = [await pruner.sweep() for _ in range(10)]
    assert turns[0] > 0
    assert turns[1] > 0
    assert bench.count("jobs") == 0
    assert turns[-1] == 0


async def test_between_passes_and_when_switched_off_the_pruner_asks_nothing(bench: Bench) -> None:
    resting, off = Pruner(bench.database, KEEP, every_s=3600.0), Pruner(bench.database, KEEP, every_s=0.0)
    await resting.sweep()
    await succeeded(bench, days=400)
    assert (await resting.sweep(), await off.sweep()) == (0, 0)
    assert await Pruner(bench.database, KEEP, every_s=3600.0).sweep() > 0


@pytest.mark.parametrize(
    "override", ["keep_jobs_days = -1", "keep_keys_days = 6", "keep_payloads_days = 99999999"]
)
async def test_ages_of_a_tenant_that_make_no_sense_are_refused_by_the_database(
    bench: Bench, override: str
) -> None:
    await bench.submitted()
    with pytest.raises(Exception, match="ck_tenants_keep"):
        bench.meddle(f"UPDATE tenants SET {override}")  # noqa: S608


async def test_the_command_counts_first_and_then_deletes_what_it_counted(
    bench: Bench, tmp_path: Path
) -> None:
    await succeeded(bench, days=400, idempotency_key="k", callback_url="https://x.example/")
    await succeeded(bench, days=40)
    bench.meddle("UPDATE idempotency_keys SET created_at = now() - interval '40 d'")
    staffel = CommandLine(tmp_path, **bench.servers.environment(tmp_path))
    counted = await asyncio.to_thread(staffel, "prune", "--dry-run", "--json")
    assert bench.count("jobs") == 2
    done = await asyncio.to_thread(staffel, "prune", "--json")
    assert counted.document == {"dry_run": True, "rows": done.document["rows"]}
    assert done.document["rows"] == {
        "jobs": 1, "payloads": 2, "results": 1, "attempts": 1, "calls": 1, "decisions": 1, "callbacks": 1,
        "batches": 0, "keys": 1,
    }  # fmt: skip
    again = await asyncio.to_thread(staffel, "prune")
    assert (again.exit_code, again.stderr) == (0, "nothing found\n0 rows are gone\n")


FILL = """
INSERT INTO jobs (id, tenant_id, task, strategy, data_class, priority, state, submitted_at, finished_at)
SELECT uuidv7(interval '-1 day' * (n % 120)), 't' || n % 3, 'chat', 'auto', 'internal', 5,
       CASE n % 20 WHEN 0 THEN 'failed' WHEN 1 THEN 'dead' ELSE 'succeeded' END,
       now() - interval '1 day' * (n % 120), now() - interval '1 day' * (n % 120)
FROM generate_series(1, 20000) AS n"""


async def test_old_jobs_and_contents_are_found_by_index_among_many(bench: Bench) -> None:
    bench.meddle("INSERT INTO tenants (id) VALUES ('t0'), ('t1'), ('t2')")
    bench.meddle(FILL)
    bench.meddle("INSERT INTO payloads (job_id, content, options) SELECT id, '{}', '{}' FROM jobs")
    with bench.servers.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    jobs = plan(bench, "prune_jobs", jobs_days=90, failed_days=180, limit=BITE)
    assert "ix_jobs_ended" in jobs
    contents = plan(bench, "erase_payloads", payloads_days=30, after=FIRST, limit=BITE)
    assert "pk_payloads" in contents
    keys = plan(bench, "prune_batches", jobs_days=90, failed_days=180, limit=BITE)
    for found in (jobs, contents, keys):
        assert "Seq Scan on jobs" not in found, found
        assert "Seq Scan on payloads" not in found, found


def plan(bench: Bench, name: str, **values: Any) -> str:
    query = f"EXPLAIN {statement(name).text}"
    return "\n".join(row["QUERY PLAN"] for row in bench.rows(query, **values))
