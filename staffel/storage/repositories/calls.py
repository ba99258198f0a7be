"""Requests to providers: the intent before, the end after."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from staffel.contracts.states import CallState, JobState
from staffel.storage.repositories.base import Repository, among, without_nul
from staffel.storage.tables import calls, jobs


class CallRepository(Repository):
    """A call is written before it is made, and ended once."""

    async def intend(self, values: dict[str, Any]) -> None:
        await self._connection.execute(insert(calls).values(state=CallState.INTENDED, **values))

    async def end(self, values: dict[str, Any]) -> bool:
        """Writes how a call ended; True when the reconciler had booked it as an orphan before.

        The row is made anew when a crash of the database took the intent along.
        """
        before = await self._connection.scalar(
            select(calls.c.state).where(calls.c.id == values["id"]).with_for_update()
        )
        row = without_nul(values)
        ending = upsert(calls).values(finished_at=func.now(), **row)
        await self._connection.execute(
            ending.on_conflict_do_update(
                index_elements=[calls.c.id],
                set_={
                    name: ending.excluded[name]
                    for name in ("state", "request_id", "error_code", "latency_ms")
                }
                | {"finished_at": func.now()},
            )
        )
        return bool(before == CallState.ORPHANED)

    async def lock_orphans(self, older_than: timedelta, limit: int) -> Sequence[RowMapping]:
        """Calls whose attempt is over and that nobody ended, with what a booking needs."""
        gone = or_(jobs.c.state != JobState.RUNNING, jobs.c.attempt != calls.c.attempt)
        return await self._rows(
            select(
                calls,
                jobs.c.tenant_id,
                jobs.c.batch_id,
                jobs.c.task,
                func.extract("epoch", func.now() - calls.c.intended_at).label("age_s"),
            )
            .join(jobs, jobs.c.id == calls.c.job_id)
            .where(calls.c.state == CallState.INTENDED, calls.c.intended_at < func.now() - older_than, gone)
            .order_by(calls.c.id)
            .limit(limit)
            .with_for_update(of=calls, skip_locked=True)
        )

    async def mark_orphaned(self, call_ids: Sequence[Any]) -> None:
        await self._connection.execute(
            update(calls)
            .where(among(calls.c.id, call_ids))
            .values(state=CallState.ORPHANED, finished_at=func.now())
        )
