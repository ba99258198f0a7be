"""Batches: whether they ended, and what became of their jobs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, exists, func, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from staffel.contracts.states import OPEN, JobState
from staffel.storage.ids import new_id
from staffel.storage.repositories.base import Repository, among
from staffel.storage.tables import batches, callbacks, jobs

UNSUCCESSFUL = (JobState.FAILED, JobState.DEAD, JobState.CANCELLED)


class BatchRepository(Repository):
    """No counters on the batch row: the jobs are counted where the question is asked."""

    async def close_if_done(self, batch_ids: Sequence[UUID] | None = None) -> Sequence[RowMapping]:
        """Finishes batches without an open job, of these or of all; returns those it finished.

        The callbacks that tell of their ends are written by the same transaction. The rows are locked by a
        statement of their own: one statement would look for open jobs as of before it waited for the lock.
        """
        locking = select(batches.c.id).where(batches.c.finished_at.is_(None)).order_by(batches.c.id)
        if batch_ids is not None:
            locking = locking.where(among(batches.c.id, batch_ids))
        locked = [row["id"] for row in await self._rows(locking.with_for_update())]
        if not locked:
            return []
        an_open_job = exists().where(jobs.c.batch_id == batches.c.id, jobs.c.state.in_(OPEN))
        closing = (
            update(batches)
            .where(among(batches.c.id, locked), ~an_open_job)
            .values(finished_at=func.now())
            .returning(batches.c.id, batches.c.tenant_id, batches.c.callback_url)
        )
        finished = await self._rows(closing)
        await self._tell([batch for batch in finished if batch["callback_url"]])
        return finished

    async def get(self, tenant_id: str, batch_id: UUID) -> RowMapping | None:
        return await self._first(
            select(batches).where(batches.c.tenant_id == tenant_id, batches.c.id == batch_id)
        )

    async def recent(self, tenant_id: str, *, limit: int) -> Sequence[RowMapping]:
        """The newest batches first, their jobs counted: all, open, succeeded, unsuccessful."""
        newest = (
            select(batches)
            .where(batches.c.tenant_id == tenant_id)
            .order_by(batches.c.submitted_at.desc(), batches.c.id.desc())
            .limit(limit)
            .subquery()
        )
        counted = (
            select(
                func.count().label("jobs"),
                func.count().filter(jobs.c.finished_at.is_(None)).label("open"),
                func.count().filter(jobs.c.state == JobState.SUCCEEDED).label("succeeded"),
                func.count().filter(jobs.c.state.in_(UNSUCCESSFUL)).label("unsuccessful"),
            )
            .where(jobs.c.batch_id == newest.c.id)
            .lateral()
        )
        return await self._rows(
            select(newest, counted)
            .select_from(newest.join(counted, true()))
            .order_by(newest.c.submitted_at.desc(), newest.c.id.desc())
        )

    async def _tell(self, finished: Sequence[RowMapping]) -> None:
        """A batch that was opened again by a retry tells of its first end only."""
        if finished:
            rows = [
                {
                    "id": new_id(),
                    "tenant_id": batch["tenant_id"],
                    "batch_id": batch["id"],
                    "event": "batch.ended",
                    "url": batch["callback_url"],
                }
                for batch in finished
            ]
            await self._connection.execute(upsert(callbacks).values(rows).on_conflict_do_nothing())
