"""Reads jobs to be classified and writes where they go."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, func, insert, select, update

from staffel.contracts.states import JobState
from staffel.storage.repositories.base import Repository, among
from staffel.storage.tables import jobs, payloads, routing_decisions


class ClassificationRepository(Repository):
    """A handful of statements a batch."""

    async def lock_submitted(self, job_ids: Sequence[UUID]) -> Sequence[RowMapping]:
        """The jobs among these that are still to be classified, with content and the database's time.

        Locks them; those that another classifier holds are skipped.
        """
        return await self._rows(
            select(jobs, payloads.c.content, payloads.c.options, func.now().label("now"))
            .join(payloads, payloads.c.job_id == jobs.c.id)
            .where(among(jobs.c.id, job_ids), jobs.c.state == JobState.SUBMITTED)
            .order_by(jobs.c.id)
            .with_for_update(of=jobs, skip_locked=True)
        )

    async def enqueue(self, rows: Sequence[dict[str, Any]]) -> None:
        """Rows of id_, tier, permitted_tiers, input_tokens, rank_at."""
        if not rows:
            return
        await self._connection.execute(
            update(jobs)
            .where(jobs.c.id == bindparam("id_"))
            .values(
                state=JobState.QUEUED,
                tier=bindparam("tier"),
                permitted_tiers=bindparam("permitted_tiers"),
                input_tokens=bindparam("input_tokens"),
                rank_at=bindparam("rank_at"),
                queued_at=func.now(),
            ),
            list(rows),
        )

    async def refuse(self, rows: Sequence[dict[str, Any]]) -> None:
        """Rows of id_, input_tokens, error_code, error_message."""
        if not rows:
            return
        await self._connection.execute(
            update(jobs)
            .where(jobs.c.id == bindparam("id_"))
            .values(
                state=JobState.FAILED,
                input_tokens=bindparam("input_tokens"),
                error_code=bindparam("error_code"),
                error_message=bindparam("error_message"),
                finished_at=func.now(),
            ),
            list(rows),
        )

    async def add_decisions(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            await self._connection.execute(insert(routing_decisions), list(rows))
