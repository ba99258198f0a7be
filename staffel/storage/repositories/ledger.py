"""The cost ledger: rows are only ever added."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from staffel.storage.repositories.base import Repository
from staffel.storage.tables import costs


class LedgerRepository(Repository):
    """One booking a call, and at most one correction of an estimate."""

    async def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """A row that stands already stays: a commit whose confirmation was lost is written again."""
        if rows:
            await self._connection.execute(upsert(costs).on_conflict_do_nothing(), list(rows))

    async def booking_of(self, call_id: UUID) -> dict[str, Any] | None:
        row = await self._first(select(costs).where(costs.c.call_id == call_id, costs.c.kind == "booking"))
        return dict(row) if row else None
