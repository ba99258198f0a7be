"""What the reconciler asks: which rows are stuck. Every sweep may run many times and side by side."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Update, func, select, update

from staffel.contracts.errors import DeadlineExceededError
from staffel.contracts.states import JobState
from staffel.contracts.tiers import Tier
from staffel.storage.repositories.base import Repository, among
from staffel.storage.tables import jobs


class SweepRepository(Repository):
    """Small bites: rows that another reconciler holds are skipped."""

    async def expire_leases(self, *, lease: timedelta, max_crashes: int, limit: int) -> Sequence[RowMapping]:
        return await self._sql("expire_leases", lease=lease, max_crashes=max_crashes, limit=limit)

    async def unclaimed(self, tier: Tier, older_than: timedelta) -> list[UUID]:
        """Jobs that were dispatched a while ago and are not claimed."""
        rows = await self._rows(
            select(jobs.c.id).where(
                jobs.c.tier == tier,
                jobs.c.state == JobState.QUEUED,
                jobs.c.dispatched_at < func.now() - older_than,
            )
        )
        return [row["id"] for row in rows]

    async def undispatch(self, job_ids: Sequence[UUID] | None = None) -> int:
        """Takes back the dispatch of these jobs, or of all that are queued: their hints are lost."""
        lost = (
            update(jobs)
            .where(jobs.c.state == JobState.QUEUED, jobs.c.dispatched_at.is_not(None))
            .values(dispatched_at=None)
        )
        if job_ids is not None:
            lost = lost.where(among(jobs.c.id, job_ids))
        return await self._count(lost)

    async def unclassified(self, older_than: timedelta, limit: int) -> list[UUID]:
        rows = await self._rows(
            select(jobs.c.id)
            .where(jobs.c.state == JobState.SUBMITTED, jobs.c.submitted_at < func.now() - older_than)
            .order_by(jobs.c.submitted_at)
            .limit(limit)
        )
        return [row["id"] for row in rows]

    async def fail_past_deadline(self, limit: int) -> Sequence[RowMapping]:
        """Ends jobs that wait beyond their deadline; those that run are ended by their worker."""
        passed = (
            select(jobs.c.id)
            .where(
                jobs.c.state.in_([JobState.SUBMITTED, JobState.QUEUED]),
                jobs.c.deadline.is_not(None),
                jobs.c.deadline <= func.now(),
            )
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return await self._rows(
            update(jobs)
            .where(jobs.c.id.in_(passed))
            .values(
                state=JobState.FAILED,
                finished_at=func.now(),
                error_code=DeadlineExceededError.code,
                error_message="the deadline passed while the job waited",
            )
            .returning(jobs.c.id, jobs.c.batch_id)
        )

    async def _count(self, statement: Update) -> int:
        changed: Any = await self._connection.execute(statement)
        return int(changed.rowcount)
