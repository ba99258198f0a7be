"""Claims, heartbeats and ends of runs. Everything that ends a run is guarded by its lease token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, insert, update

from staffel.contracts.privacy import DataClass
from staffel.contracts.states import AttemptOutcome, JobState
from staffel.contracts.tiers import Tier
from staffel.storage.repositories.base import Repository, without_nul
from staffel.storage.tables import attempts, jobs, results


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that a pool offers to jobs of a data class."""

    data_class: DataClass
    model: str
    provider: str
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Claimer:
    """Who claims: a worker of a pool that serves a tier, what it offers and what it may see."""

    tier: Tier
    pool: str
    worker: str
    data_classes: tuple[DataClass, ...]
    offers: tuple[Offer, ...]


class RunRepository(Repository):
    """From a claim to the end of an attempt."""

    async def claim(
        self,
        job_id: UUID,
        claimer: Claimer,
        *,
        lease_token: UUID,
        call_id: UUID,
        lease: timedelta,
        alone: bool,
    ) -> dict[str, Any] | None:
        """The claimed job with its content, or None when the hint was stale."""
        rows = await self._sql(
            "claim",
            job_id=job_id,
            lease_token=lease_token,
            call_id=call_id,
            lease=lease,
            alone=alone,
            tier=claimer.tier,
            pool=claimer.pool,
            worker=claimer.worker,
            data_classes=list(claimer.data_classes),
            offer_classes=[offer.data_class.value for offer in claimer.offers],
            offer_models=[offer.model for offer in claimer.offers],
            offer_providers=[offer.provider for offer in claimer.offers],
            offer_contexts=[offer.context_tokens for offer in claimer.offers],
        )
        return dict(rows[0]) if rows else None

    async def renew(self, held: Sequence[tuple[UUID, UUID]], lease: timedelta) -> dict[UUID, bool]:
        """Renews leases (job id, token); returns those still held and whether a cancel was requested."""
        rows = await self._sql(
            "heartbeat", job_ids=[job for job, _ in held], tokens=[token for _, token in held], lease=lease
        )
        return {row["id"]: row["cancel_requested"] for row in rows}

    async def finish(self, job_id: UUID, lease_token: UUID, state: JobState, **values: Any) -> bool:
        """Ends the run in a terminal state; False when the lease was lost."""
        return await self._end(job_id, lease_token, state=state, finished_at=func.now(), **values)

    async def requeue(self, job_id: UUID, lease_token: UUID, **values: Any) -> bool:
        """Ends the run and queues the job again; a cancel that came meanwhile wins."""
        cancelled = jobs.c.cancel_requested
        return await self._end(
            job_id,
            lease_token,
            state=case((cancelled, JobState.CANCELLED.value), else_=JobState.QUEUED.value),
            finished_at=case((cancelled, func.now())),
            dispatched_at=None,
            **values,
        )

    async def close_attempt(self, job_id: UUID, attempt: int, outcome: AttemptOutcome, **values: Any) -> None:
        await self._connection.execute(
            update(attempts)
            .where(attempts.c.job_id == job_id, attempts.c.attempt == attempt)
            .values(outcome=outcome, finished_at=func.now(), **without_nul(values))
        )

    async def add_result(self, values: dict[str, Any]) -> None:
        await self._connection.execute(insert(results).values(without_nul(values)))

    async def _end(self, job_id: UUID, lease_token: UUID, **values: ColumnElement[Any] | Any) -> bool:
        ended = await self._connection.execute(
            update(jobs)
            .where(jobs.c.id == job_id, jobs.c.lease_token == lease_token, jobs.c.state == JobState.RUNNING)
            .values(lease_token=None, lease_until=None, **without_nul(values))
        )
        return ended.rowcount == 1
