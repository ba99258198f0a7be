"""The outbox of callbacks."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from staffel.contracts.states import CallbackState
from staffel.storage.repositories.base import Repository
from staffel.storage.tables import callbacks


class CallbackRepository(Repository):
    """One row an event of a job or a batch, written with the commit that it tells of."""

    async def add(self, values: dict[str, Any]) -> None:
        await self._connection.execute(upsert(callbacks).values(values).on_conflict_do_nothing())

    async def stamp_due(self, *, hold: timedelta, limit: int) -> list[UUID]:
        """Due callbacks; each is held back for `hold` so that no other reconciler hints it meanwhile."""
        due = (
            select(callbacks.c.id)
            .where(callbacks.c.state == CallbackState.PENDING, callbacks.c.run_at <= func.now())
            .order_by(callbacks.c.run_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = await self._rows(
            update(callbacks)
            .where(callbacks.c.id.in_(due))
            .values(run_at=func.now() + hold)
            .returning(callbacks.c.id)
        )
        return [row["id"] for row in rows]

    async def pending(self, callback_ids: Sequence[UUID]) -> Sequence[RowMapping]:
        return await self._rows(
            select(callbacks).where(
                callbacks.c.id.in_(callback_ids), callbacks.c.state == CallbackState.PENDING
            )
        )

    async def record(self, callback_id: UUID, values: dict[str, Any]) -> None:
        await self._connection.execute(
            update(callbacks)
            .where(callbacks.c.id == callback_id)
            .values(deliveries=callbacks.c.deliveries + 1, **values)
        )
