"""Jobs as people ask after them: one, many, cancelled, retried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    Select,
    Uuid,
    and_,
    any_,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    tuple_,
    update,
)

from staffel.contracts.states import OPEN, JobState
from staffel.storage.repositories.base import Repository, among
from staffel.storage.tables import attempts, batches, calls, costs, jobs, payloads, results, routing_decisions

RETRYABLE = (JobState.FAILED, JobState.DEAD, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are meant; what is None does not narrow."""

    tenant_id: str
    states: tuple[JobState, ...] = ()
    tier: str | None = None
    batch_id: UUID | None = None
    job_ids: tuple[UUID, ...] = ()
    task: str | None = None
    error_code: str | None = None
    older_than: timedelta | None = None
    ended_before: datetime | None = None

    def condition(self) -> ColumnElement[bool]:
        parts: list[ColumnElement[bool]] = [jobs.c.tenant_id == self.tenant_id]
        if self.states:
            parts.append(jobs.c.state.in_(self.states))
        if self.tier:
            parts.append(jobs.c.tier == self.tier)
        if self.batch_id:
            parts.append(jobs.c.batch_id == self.batch_id)
        if self.job_ids:
            parts.append(_is_one_of(jobs.c.id, self.job_ids))
        if self.task:
            parts.append(jobs.c.task == self.task)
        if self.error_code:
            parts.append(jobs.c.error_code == self.error_code)
        if self.older_than is not None:
            parts.append(jobs.c.finished_at < func.now() - self.older_than)
        if self.ended_before is not None:
            parts.append(jobs.c.finished_at <= self.ended_before)
        return and_(*parts)


def _is_one_of(column: ColumnElement[Any], ids: Sequence[UUID]) -> ColumnElement[bool]:
    """One parameter, however many ids."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))


class JobRepository(Repository):
    """A tenant sees only its own rows."""

    async def get(self, tenant_id: str, job_id: UUID) -> RowMapping | None:
        return await self._first(select(jobs).where(jobs.c.tenant_id == tenant_id, jobs.c.id == job_id))

    async def page(
        self, which: JobFilter, *, limit: int, after: tuple[Any, UUID] | None = None
    ) -> Sequence[RowMapping]:
        """Newest first; `after` is (submitted_at, id) of the last row seen."""
        query: Select[Any] = select(jobs).where(which.condition())
        if after is not None:
            query = query.where(tuple_(jobs.c.submitted_at, jobs.c.id) < tuple_(*after))
        return await self._rows(query.order_by(jobs.c.submitted_at.desc(), jobs.c.id.desc()).limit(limit))

    async def history(self, job_id: UUID) -> dict[str, Sequence[RowMapping]]:
        """Everything that happened to a job: decisions, attempts, calls, costs, result."""
        ordered = {
            "decisions": (routing_decisions, routing_decisions.c.decided_at),
            "attempts": (attempts, attempts.c.attempt),
            "calls": (calls, calls.c.intended_at),
            "costs": (costs, costs.c.booked_at),
            "result": (results, results.c.created_at),
        }
        return {
            name: await self._rows(select(table).where(table.c.job_id == job_id).order_by(order))
            for name, (table, order) in ordered.items()
        }

    async def states(self, job_ids: Sequence[UUID]) -> dict[UUID, JobState]:
        rows = await self._rows(select(jobs.c.id, jobs.c.state).where(among(jobs.c.id, job_ids)))
        return {row["id"]: JobState(row["state"]) for row in rows}

    async def cancel(self, which: JobFilter) -> Sequence[RowMapping]:
        """Cancels what is not running at once, asks the rest to stop; returns the jobs touched."""
        running = jobs.c.state == JobState.RUNNING
        return await self._rows(
            update(jobs)
            .where(which.condition(), jobs.c.state.in_(OPEN))
            .values(
                cancel_requested=True,
                state=case((running, jobs.c.state), else_=JobState.CANCELLED.value),
                finished_at=case((running, None), else_=func.now()),
            )
            .returning(jobs.c.id, jobs.c.state, jobs.c.batch_id, jobs.c.callback_url)
        )

    async def count(self, which: JobFilter) -> tuple[int, datetime]:
        """How many there are, and the database's time of asking."""
        (row,) = await self._rows(
            select(func.count().label("jobs"), func.now().label("now"))
            .select_from(jobs)
            .where(which.condition())
        )
        return row["jobs"], row["now"]

    async def retry(self, which: JobFilter) -> list[UUID]:
        """Sends ended, unsuccessful jobs through the fleet again, their counters at zero; idempotent.

        A batch that such a job belongs to is open again, and finishes once more when it ends. Jobs without
        content are left alone: items that never were a job, and those whose content is erased. It is looked
        for under the lock, because the pruner erases under it.
        """
        locked = await self._lock(which, RETRYABLE)
        rows = await self._rows(
            update(jobs)
            .where(_is_one_of(jobs.c.id, locked), exists().where(payloads.c.job_id == jobs.c.id))
            .values(
                state=JobState.SUBMITTED,
                finished_at=None,
                dispatched_at=None,
                cancel_requested=False,
                quarantined=False,
                transient_failures=0,
                escalations=0,
                crashes=0,
                error_code=None,
                error_message=None,
                degraded_reason=None,
                run_at=func.now(),
            )
            .returning(jobs.c.id, jobs.c.batch_id)
        )
        reopened = {row["batch_id"] for row in rows if row["batch_id"]}
        await self._connection.execute(
            update(batches).where(among(batches.c.id, reopened)).values(finished_at=None)
        )
        return [row["id"] for row in rows]

    async def discard(self, which: JobFilter) -> list[UUID]:
        """Gives dead jobs up for good: they are cancelled and their content and answers are erased.

        The row stays until it is pruned: its batch stays whole, its key stays taken, and a call that comes to
        light late is booked.
        """
        locked = await self._lock(which, (JobState.DEAD,))
        await self._connection.execute(
            update(jobs).where(_is_one_of(jobs.c.id, locked)).values(state=JobState.CANCELLED)
        )
        await self._connection.execute(delete(payloads).where(_is_one_of(payloads.c.job_id, locked)))
        await self._connection.execute(
            update(attempts).where(_is_one_of(attempts.c.job_id, locked)).values(answer=None)
        )
        return locked

    async def _lock(self, which: JobFilter, states: Sequence[JobState]) -> list[UUID]:
        """Those of the jobs that are in one of these states, held until the transaction ends."""
        rows = await self._rows(
            select(jobs.c.id)
            .where(which.condition(), jobs.c.state.in_(states))
            .order_by(jobs.c.id)
            .with_for_update()
        )
        return [row["id"] for row in rows]
