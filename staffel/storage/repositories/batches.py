"""Batches: whether they ended, and what became of their jobs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, exists, func, select, update

from staffel.contracts.states import OPEN
from staffel.storage.repositories.base import Repository
from staffel.storage.tables import batches, jobs


class BatchRepository(Repository):
    """No counters on the batch row: the jobs are counted where the question is asked."""

    async def close_if_done(self, batch_ids: Sequence[UUID] | None = None) -> Sequence[RowMapping]:
        """Finishes batches without an open job, of these or of all; returns those it finished."""
        an_open_job = exists().where(jobs.c.batch_id == batches.c.id, jobs.c.state.in_(OPEN))
        closing = (
            update(batches)
            .where(batches.c.finished_at.is_(None), ~an_open_job)
            .values(finished_at=func.now())
            .returning(batches.c.id, batches.c.tenant_id, batches.c.callback_url)
        )
        if batch_ids is not None:
            closing = closing.where(batches.c.id.in_(batch_ids))
        return await self._rows(closing)

    async def get(self, tenant_id: str, batch_id: UUID) -> RowMapping | None:
        return await self._first(
            select(batches).where(batches.c.tenant_id == tenant_id, batches.c.id == batch_id)
        )
