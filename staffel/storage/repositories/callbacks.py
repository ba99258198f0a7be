"""The outbox of callbacks."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from staffel.storage.ids import new_id
from staffel.storage.repositories.base import Repository, among
from staffel.storage.tables import callbacks, jobs


class CallbackRepository(Repository):
    """One row an event of a job or a batch, written with the commit that it tells of."""

    async def add(self, values: dict[str, Any]) -> None:
        await self._connection.execute(upsert(callbacks).values(values).on_conflict_do_nothing())

    async def tell_ended(self, job_ids: Sequence[UUID]) -> None:
        """Writes the callbacks of those of these jobs that have ended and ask for one."""
        asking = select(jobs.c.id, jobs.c.tenant_id, jobs.c.callback_url).where(
            among(jobs.c.id, job_ids), jobs.c.callback_url.is_not(None), jobs.c.finished_at.is_not(None)
        )
        for job in await self._rows(asking):
            await self.add(
                {
                    "id": new_id(),
                    "tenant_id": job["tenant_id"],
                    "job_id": job["id"],
                    "event": "job.ended",
                    "url": job["callback_url"],
                }
            )
