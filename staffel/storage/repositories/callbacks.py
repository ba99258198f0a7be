"""The outbox of callbacks."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert

from staffel.storage.repositories.base import Repository
from staffel.storage.tables import callbacks


class CallbackRepository(Repository):
    """One row an event of a job or a batch, written with the commit that it tells of."""

    async def add(self, values: dict[str, Any]) -> None:
        await self._connection.execute(upsert(callbacks).values(values).on_conflict_do_nothing())
