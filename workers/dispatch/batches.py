"""Finishes a batch after the commit that may have ended its last job."""

from collections.abc import Iterable
from uuid import UUID

from staffel.storage.database import Database
from staffel.storage.wakes import Wakes


class BatchCloser:
    """Each batch is finished by one statement that looks for open jobs, whoever asks first."""

    def __init__(self, database: Database, wakes: Wakes) -> None:
        self._database = database
        self._wakes = wakes

    async def close(self, batch_ids: Iterable[UUID | None]) -> int:
        """Finishes those of these batches that have no open job left."""
        asked = sorted({batch_id for batch_id in batch_ids if batch_id is not None})
        return await self._close(asked) if asked else 0

    async def close_all(self) -> int:
        """Finishes every batch that has no open job left."""
        return await self._close(None)

    async def _close(self, batch_ids: list[UUID] | None) -> int:
        async with self._database.transaction() as tx:
            finished = await tx.batches.close_if_done(batch_ids)
        await self._wakes.ended(batch["id"] for batch in finished)
        return len(finished)
