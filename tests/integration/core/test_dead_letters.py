"""Dead letters: found by what they have in common, shown with every attempt, sent again or given up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from staffel.contracts.errors import ProviderUnavailableError
from staffel.contracts.tiers import Queue
from staffel.storage.ids import new_id
from staffel.storage.repositories.jobs import JobFilter
from tests.faults.bench.oracle import PROMISES
from tests.support.command_line import CommandLine, Ended
from tests.support.fake_provider import fails
from tests.support.fleet import TENANT, Bench
from tests.support.servers import Servers
from tests.support.waiting import until

FIXED = {"strategy": "fixed", "tier": "fast-1.5b"}


class Desk:
    """Somebody at the command line of the bench's tenant."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        own = {"STAFFEL_TENANT": TENANT, **bench.servers.environment(folder)}
        self._staffel = CommandLine(folder, **own)

    async def __call__(self, *arguments: str, stdin: str | None = None) -> Ended:
        return await asyncio.to_thread(self._staffel, *arguments, stdin=stdin)

    async def dead(self, **fields: Any) -> UUID:
        """A dead job that nobody has run."""
        job_id = await self.bench.queued(**(FIXED | fields))
        self.die(job_id)
        return job_id

    def die(self, *job_ids: UUID) -> None:
        self.bench.meddle(
            "UPDATE jobs SET state = 'dead', finished_at = now(), dispatched_at = NULL, "
            "error_code = 'provider_unavailable', error_message = 'nobody there' WHERE id = ANY(:ids)",
            ids=list(job_ids),
        )

    async def exhausted(self, **fields: Any) -> UUID:
        """A job that used up its attempts at a provider that stays away."""
        job_id = await self.bench.queued(**(FIXED | fields))
        for _ in range(self.bench.settings.max_transient_failures + 1):
            self.bench.meddle("UPDATE jobs SET run_at = now()")
            self.bench.provider.plays(fails(ProviderUnavailableError("nobody there")))
            await self.bench.run(job_id)
        assert self.bench.job(job_id)["state"] == "dead"
        return job_id


@pytest_asyncio.fixture
async def desk(servers: Servers, tmp_path: Path) -> AsyncIterator[Desk]:
    bench = Bench(servers, max_transient_failures=2)
    yield Desk(bench, tmp_path)
    await bench.close()


def ids(ended: Ended) -> set[UUID]:
    assert ended.exit_code == 0, ended.stderr
    return {UUID(row["id"]) for row in ended.document}


async def test_a_dead_job_is_listed_with_its_last_error_and_shown_with_that_of_every_attempt(
    desk: Desk,
) -> None:
    job_id = await desk.exhausted()
    listed = await desk("dead", "list")
    for word in (str(job_id), "provider_unavailable", "nobody there", "fast-1.5b"):
        assert word in listed.stdout
    shown = await desk("dead", "show", str(job_id))
    assert shown.stdout.count("nobody there") >= 4, "the job's own and one an attempt"
    document = (await desk("dead", "show", str(job_id), "--json")).document
    attempts = [(row["outcome"], row["error_code"], row["error_message"]) for row in document["attempts"]]
    error = ("provider_unavailable", "nobody there")
    assert attempts == [("retried", *error), ("retried", *error), ("dead", *error)]
    assert document["job"]["error_message"] == "nobody there"


async def test_dead_jobs_are_listed_by_what_they_have_in_common(desk: Desk) -> None:
    chat, summary = await desk.dead(task="chat"), await desk.dead(task="summarize")
    batch_id, items = await desk.bench.batch(2, **FIXED)
    desk.die(*items)
    other_tier = await desk.dead(tier="std-3b")
    desk.bench.meddle("UPDATE jobs SET error_code = 'crashed' WHERE id = :id", id=chat)
    desk.bench.meddle("UPDATE jobs SET finished_at = now() - interval '3 d' WHERE id = :id", id=summary)
    await desk.dead(task="chat", tenant="another")
    every = {chat, summary, *items, other_tier}
    assert ids(await desk("dead", "list", "--json")) == every
    assert ids(await desk("dead", "list", "--json", "--task", "summarize")) == {summary}
    assert ids(await desk("dead", "list", "--json", "--error-code", "crashed")) == {chat}
    assert ids(await desk("dead", "list", "--json", "--tier", "std-3b")) == {other_tier}
    assert ids(await desk("dead", "list", "--json", "--batch", str(batch_id))) == set(items)
    assert ids(await desk("dead", "list", "--json", "--older-than", "2d")) == {summary}
    assert ids(await desk("dead", "list", "--json", "--older-than", "2d", "--task", "chat")) == set()
    assert ids(await desk("jobs", "list", "--json", "--error-code", "crashed")) == {chat}


async def test_a_retry_takes_a_filter_and_a_second_one_finds_nothing_to_do(desk: Desk) -> None:
    mine, other = await desk.dead(task="chat"), await desk.dead(task="summarize")
    desk.bench.pop(Queue.CLASSIFY)
    first = await desk("dead", "retry", "--task", "chat", "--json")
    assert first.document == {"retried": [str(mine)], "untouched": {}}
    again = await desk("dead", "retry", "--task", "chat", "--json")
    assert (again.exit_code, again.document) == (0, {"retried": [], "untouched": {}})
    named = await desk("dead", "retry", str(mine))
    assert (named.exit_code, f"untouched: {mine}: is submitted" in named.stderr) == (2, True)
    assert (desk.bench.job(mine)["state"], desk.bench.job(other)["state"]) == ("submitted", "dead")
    assert [hint.ids for hint in desk.bench.pop(Queue.CLASSIFY)] == [(mine,)]


async def test_ten_retries_at_once_send_each_job_once(desk: Desk) -> None:
    job_id = await desk.dead()

    async def retry() -> list[UUID]:
        async with desk.bench.database.transaction() as tx:
            return await tx.jobs.retry(JobFilter(TENANT, job_ids=(job_id,)))

    assert sorted(await asyncio.gather(*(retry() for _ in range(10)))) == [[]] * 9 + [[job_id]]


async def test_a_retry_that_waited_for_the_pruner_sees_that_the_content_is_erased(desk: Desk) -> None:
    job_id = await desk.dead()

    async def retry() -> list[UUID]:
        async with desk.bench.database.transaction() as tx:
            return await tx.jobs.retry(JobFilter(TENANT, job_ids=(job_id,)))

    with desk.bench.servers.engine.begin() as pruner:
        pruner.exec_driver_sql("SELECT id FROM jobs FOR UPDATE")
        pruner.exec_driver_sql("DELETE FROM payloads")
        waiting = asyncio.create_task(retry())
        await until(lambda: bool(desk.bench.rows("SELECT FROM pg_locks WHERE NOT granted")))
    assert await waiting == []
    assert desk.bench.job(job_id)["state"] == "dead"


async def test_a_job_whose_content_is_erased_is_not_retried_and_it_is_said_why(desk: Desk) -> None:
    job_id = await desk.dead()
    desk.bench.meddle("DELETE FROM payloads")
    done = await desk("dead", "retry", str(job_id))
    assert done.exit_code == 2
    assert f"untouched: {job_id}: is dead and has no content that could be sent" in done.stderr
    assert desk.bench.job(job_id)["state"] == "dead"


async def test_a_discarded_job_is_cancelled_without_content_and_keeps_its_errors_and_costs(
    desk: Desk,
) -> None:
    job_id = await desk.exhausted(idempotency_key="k")
    desk.bench.meddle("UPDATE attempts SET answer = 'half an answer'")
    costs = desk.bench.of_job("costs", job_id)
    done = await desk("dead", "discard", str(job_id), "--yes", "--json")
    assert (done.exit_code, done.document) == (0, {"discarded": [str(job_id)], "untouched": {}})
    job = desk.bench.job(job_id)
    assert (job["state"], job["error_code"]) == ("cancelled", "provider_unavailable")
    assert desk.bench.of_job("payloads", job_id) == []
    attempts = desk.bench.of_job("attempts", job_id)
    assert [(row["answer"], row["error_message"]) for row in attempts] == [(None, "nobody there")] * 3
    assert desk.bench.of_job("costs", job_id) == costs != []
    assert ids(await desk("dead", "list", "--json")) == set()
    again = await desk("dead", "discard", str(job_id), "--yes")
    assert (again.exit_code, f"untouched: {job_id}: is cancelled" in again.stderr) == (2, True)
    assert (await desk("jobs", "retry", str(job_id))).exit_code == 2
    assert desk.bench.job(job_id)["state"] == "cancelled"


async def test_discarding_leaves_a_batch_whole_and_every_promise_kept(desk: Desk) -> None:
    batch_id, items = await desk.bench.batch(3, **FIXED)
    desk.die(items[0])
    await desk.bench.pump()
    done = await desk("dead", "discard", "--batch", str(batch_id), "--yes", "--json")
    assert done.document["discarded"] == [str(items[0])]
    batch = (await desk("batch", "show", str(batch_id), "--json")).document
    assert batch["batch"]["finished_at"] is not None
    totals = batch["totals"]
    assert (totals["jobs"], totals["succeeded"], totals["cancelled"], totals["failed"]) == (3, 2, 1, 0)
    assert (totals["results"], totals["lost"]) == (2, 0)
    assert {promise: desk.bench.rows(sql) for promise, sql in PROMISES.items() if desk.bench.rows(sql)} == {}


async def test_discarding_asks_first_and_a_no_changes_nothing(desk: Desk) -> None:
    job_id, other = await desk.dead(), await desk.dead()
    asked = await desk("dead", "discard", "--all", stdin="n\n")
    assert asked.exit_code == 1
    assert "Discard 2 dead jobs?" in asked.stderr
    assert {desk.bench.job(i)["state"] for i in (job_id, other)} == {"dead"}
    said_yes = await desk("dead", "discard", str(job_id), stdin="y\n")
    assert (said_yes.exit_code, "1 discarded" in said_yes.stderr) == (0, True)
    assert desk.bench.job(other)["state"] == "dead"


@pytest.mark.parametrize("state", ["failed", "succeeded", "queued"])
async def test_only_dead_jobs_are_discarded(desk: Desk, state: str) -> None:
    job_id = await desk.bench.queued()
    if state != "queued":
        desk.bench.meddle("UPDATE jobs SET state = :state, finished_at = now()", state=state)
    done = await desk("dead", "discard", str(job_id), "--yes")
    assert (done.exit_code, f"untouched: {job_id}: is {state}" in done.stderr) == (2, True)
    assert len(desk.bench.of_job("payloads", job_id)) == 1


async def test_what_dies_while_somebody_thinks_is_not_discarded(desk: Desk) -> None:
    job_id = await desk.dead()
    desk.bench.meddle("UPDATE jobs SET finished_at = now() + interval '1 h'")
    done = await desk("dead", "discard", "--all", stdin="y\n")
    assert (done.exit_code, "0 discarded" in done.stderr) == (0, True)
    assert desk.bench.job(job_id)["state"] == "dead"


async def test_a_batch_that_does_not_exist_is_named(desk: Desk) -> None:
    missing = new_id()
    for command in (("list",), ("retry",), ("discard", "--yes")):
        done = await desk("dead", *command, "--batch", str(missing))
        assert (done.exit_code, done.stderr) == (2, f"error: there is no batch {missing}\n")
