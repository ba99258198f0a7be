"""A random walk over everything that may happen to jobs: after each step every promise still holds."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from staffel.contracts.errors import (
    ContextExceededError,
    CostLimitError,
    DeadlineExceededError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
    StaffelError,
)
from staffel.contracts.states import OPEN, TRANSITIONS, CallPurpose, CallState, JobState
from staffel.contracts.tiers import Tier
from staffel.fleet.prices import TokenUsage
from staffel.storage.repositories.jobs import JobFilter
from tests.support.fleet import TENANT, Bench
from tests.support.servers import Servers
from workers.bootstrap import limits_of
from workers.claims import Answer, Claim
from workers.executor.calls import CallRecord
from workers.executor.recorder import Recorder
from workers.outcomes import Interruption, Outcome, of_answer, of_error, of_interruption

STEPS = 400

ERRORS: tuple[StaffelError, ...] = (
    ProviderUnavailableError("down"),
    ProviderUnavailableError("down", retry_after=timedelta(seconds=1)),
    ProviderUnauthorizedError(),
    ProviderRejectedError("no"),
    ContextExceededError(needed_tokens=2, available_tokens=1),
    CostLimitError(),
    DeadlineExceededError(),
)

SNAPSHOT = """
SELECT jobs.id, state, attempt, tier, finished_at, transient_failures, escalations, crashes,
       (SELECT count(*) FROM results WHERE job_id = jobs.id) AS results,
       (SELECT count(*) FROM attempts WHERE job_id = jobs.id) AS attempts,
       (SELECT coalesce(max(attempt), 0) FROM attempts WHERE job_id = jobs.id) AS last_attempt,
       (SELECT count(*) FROM attempts WHERE job_id = jobs.id AND outcome = 'running') AS running_attempts
FROM jobs
"""


class Walk:
    """Draws what happens next. `claims` holds those of living workers and of zombies alike."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.draw = random.Random(seed)
        self.limits = limits_of(bench.settings)
        self.claims: list[Claim] = []
        self.known: dict[UUID, Any] = {}
        self.seen: set[str] = set()

    async def step(self) -> str:
        steps: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (4, self.submit),
            (6, self.classify),
            (4, self.top_up),
            (14, self.claim),
            (14, self.end),
            (3, self.lose_a_lease),
            (2, self.cancel),
            (2, self.retry),
            (1, self.sweep),
        ]
        chosen = self.draw.choices([act for _, act in steps], [weight for weight, _ in steps])[0]
        await chosen()
        return chosen.__name__

    async def submit(self) -> None:
        fields = self.draw.choice(
            [{}, {"tier": "cloud-premium"}, {"strategy": "fixed"}, {"data_class": "restricted"}]
        )
        if self.draw.random() < 0.5:
            await self.bench.submitted(priority=self.draw.randint(0, 9), **fields)
        else:
            later = datetime.now(UTC) + timedelta(hours=1)
            await self.bench.batch(self.draw.randint(1, 3), deadline=later, **fields)

    async def classify(self) -> None:
        if ids := self.in_state(JobState.SUBMITTED):
            await self.bench.classify(*self.draw.sample(ids, min(3, len(ids))))

    async def top_up(self) -> None:
        self.bench.meddle("UPDATE jobs SET run_at = now() WHERE state = 'queued'")
        await self.bench.top_up()
        for tier in Tier:
            self.bench.pop(tier)

    async def claim(self) -> None:
        job_id = self.any_job()
        if job_id is None or self.known[job_id]["tier"] is None:
            return
        claim = await self.bench.try_claim(
            job_id, self.draw.choice([*Tier, Tier(self.known[job_id]["tier"])])
        )
        if claim is not None:
            self.claims.append(claim)

    async def end(self) -> None:
        if not self.claims:
            return
        claim = self.claims.pop(self.draw.randrange(len(self.claims)))
        recorder = Recorder(self.bench.database, self.bench.fleet, self.bench.pool_of(claim.tier))
        await recorder.record(claim, self.outcome(claim), [self.call(claim)] if claim.model else [])

    def outcome(self, claim: Claim) -> Outcome:
        kind = self.draw.random()
        if kind < 0.5:
            failed = self.draw.choice([(), (), ("json",), ("empty",)])
            answer = Answer(
                "Yes.", "stop", claim.model or "small", claim.tier, claim.attempt, None, 0.2, failed
            )
            return of_answer(claim, answer, self.limits)
        if kind < 0.85:
            return of_error(claim, self.draw.choice(ERRORS), self.limits)
        return of_interruption(self.draw.choice(list(Interruption)))

    def call(self, claim: Claim) -> CallRecord:
        call = CallRecord(claim.call_id, CallPurpose.ANSWER, claim.provider or "", claim.model or "", 9, 9)
        call.state = self.draw.choice(
            [CallState.ANSWERED, CallState.REFUSED, CallState.LOST, CallState.UNSENT]
        )
        call.usage = TokenUsage(5, 5) if call.state is CallState.ANSWERED else None
        return call

    async def lose_a_lease(self) -> None:
        if ids := self.in_state(JobState.RUNNING):
            self.bench.lose_lease(self.draw.choice(ids))
            await self.bench.sweep("LeaseReaper")

    async def cancel(self) -> None:
        if job_id := self.any_job():
            async with self.bench.database.transaction() as tx:
                await tx.jobs.cancel(JobFilter(TENANT, job_ids=(job_id,)))

    async def retry(self) -> None:
        if job_id := self.any_job():
            async with self.bench.database.transaction() as tx:
                await tx.jobs.retry(JobFilter(TENANT, job_ids=(job_id,)))

    async def sweep(self) -> None:
        for duty in ("OrphanBooker", "HintFinder", "BatchSweeper"):
            await self.bench.sweep(duty)

    def in_state(self, state: JobState) -> list[UUID]:
        return [job_id for job_id, row in self.known.items() if row["state"] == state]

    def any_job(self) -> UUID | None:
        return self.draw.choice(list(self.known)) if self.known else None

    def look(self, step: str) -> None:
        """Compares the world with what was known before the step."""
        now = {row["id"]: row for row in self.bench.rows(SNAPSHOT)}
        for job_id, row in now.items():
            self.keeps_its_promises(row, step)
            before = self.known.get(job_id)
            if before is None:
                continue
            old, new = JobState(before["state"]), JobState(row["state"])
            assert new is old or new in TRANSITIONS[old], f"{step}: {old} -> {new}"
            assert row["attempt"] in {before["attempt"], before["attempt"] + 1}, step
        self.known = now
        self.seen |= {row["state"] for row in now.values()}

    def keeps_its_promises(self, row: Any, step: str) -> None:
        state = JobState(row["state"])
        assert row["results"] == (state is JobState.SUCCEEDED), step
        assert row["running_attempts"] == (state is JobState.RUNNING), step
        assert row["attempt"] == row["attempts"] == row["last_attempt"], step
        assert (row["finished_at"] is not None) == state.terminal, step
        assert row["transient_failures"] <= self.limits.max_transient_failures, step
        assert row["escalations"] <= self.limits.max_escalations, step
        assert row["crashes"] <= self.bench.settings.max_crashes, step


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_to_jobs_every_promise_holds(servers: Servers, seed: int) -> None:
    bench = Bench(servers, max_transient_failures=1)
    walk = Walk(bench, seed)
    for _ in range(STEPS):
        walk.look(await walk.step())
    assert {"submitted", "queued", "running", "succeeded", "cancelled"} <= walk.seen
    await settle(bench, walk)
    await bench.close()


async def settle(bench: Bench, walk: Walk) -> None:
    """All workers end or die; then every call is booked once and batches tell the truth."""
    while walk.claims:
        await walk.end()
        walk.look("settling")
    for duty in ("LeaseReaper", "OrphanBooker", "BatchSweeper"):
        bench.meddle("UPDATE jobs SET lease_until = now() - interval '1 s' WHERE state = 'running'")
        await bench.sweep(duty)
    assert bench.count("calls", state="intended") == 0
    owed = bench.count("calls") - bench.count("calls", state="unsent")
    booked = bench.one(
        "SELECT count(*) AS n FROM costs JOIN calls ON calls.id = call_id "
        "WHERE kind = 'booking' AND state <> 'unsent'"
    )
    assert booked["n"] == owed
    open_states = ", ".join(f"'{state}'" for state in OPEN)
    wrong = bench.rows(
        "SELECT id FROM batches WHERE (finished_at IS NOT NULL) = EXISTS "  # noqa: S608
        f"(SELECT FROM jobs WHERE batch_id = batches.id AND state IN ({open_states}))"
    )
    assert list(wrong) == []
