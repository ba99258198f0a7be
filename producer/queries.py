"""Everything that the doors ask for and that changes nothing; a tenant sees only its own rows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from producer.progress import BatchProgress, progress_of
from producer.selection import Selection
from producer.tier_report import Count, TierRow, counts, tier_rows
from staffel.contracts.errors import NotFoundError
from staffel.contracts.results import JobResult
from staffel.contracts.states import JobState
from staffel.storage.database import Database
from staffel.storage.repositories.reports import CostKey, OwnerKind

Row = Mapping[Any, Any]

#: Of no use to anybody but the worker that holds it.
SECRET_COLUMNS = frozenset({"lease_token"})


@dataclass(frozen=True, slots=True)
class JobHistory:
    """A job and all that happened to it, each list in the order of time."""

    job: Row
    decisions: Sequence[Row]
    attempts: Sequence[Row]
    calls: Sequence[Row]
    costs: Sequence[Row]
    result: Row | None


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A batch, what became of it a tier, its totals, and why jobs were degraded or failed."""

    batch: Row
    tiers: list[TierRow]
    totals: Row
    degraded: list[Count]
    failed: list[Count]


class Queries:
    """Each question is one transaction."""

    def __init__(self, database: Database, tenant_id: str) -> None:
        self._database = database
        self._tenant_id = tenant_id

    async def jobs(self, which: Selection, *, limit: int) -> list[Row]:
        """The newest first."""
        async with self._database.transaction() as tx:
            return [_public(row) for row in await tx.jobs.page(which.of(self._tenant_id), limit=limit)]

    async def job(self, job_id: UUID) -> JobHistory:
        """Raises NotFoundError."""
        async with self._database.transaction() as tx:
            job = await tx.jobs.get(self._tenant_id, job_id)
            if job is None:
                raise NotFoundError(f"there is no job {job_id}")
            history = await tx.jobs.history(job_id)
        lists = {name: [_public(row) for row in rows] for name, rows in history.items()}
        results = lists.pop("result")
        return JobHistory(job=_public(job), result=results[0] if results else None, **lists)

    async def state(self, job_id: UUID) -> JobState:
        """Raises NotFoundError."""
        async with self._database.transaction() as tx:
            job = await tx.jobs.get(self._tenant_id, job_id)
        if job is None:
            raise NotFoundError(f"there is no job {job_id}")
        return JobState(job["state"])

    async def owner_kind(self, owner_id: UUID) -> OwnerKind:
        """Whether an id names a batch or a job. Raises NotFoundError."""
        async with self._database.transaction() as tx:
            kind = await tx.reports.find(self._tenant_id, owner_id)
        if kind is None:
            raise NotFoundError(f"there is no batch and no job {owner_id}")
        return kind

    async def results(self, kind: OwnerKind, owner_id: UUID) -> AsyncIterator[JobResult]:
        """Of a batch or a job, in order, one at a time."""
        async with self._database.transaction() as tx:
            async for row in tx.reports.stream_results(self._tenant_id, kind, owner_id):
                yield JobResult.model_validate(dict(row))

    async def result(self, job_id: UUID) -> JobResult:
        """Of one job. Raises NotFoundError."""
        async with self._database.transaction() as tx:
            async for row in tx.reports.stream_results(self._tenant_id, OwnerKind.JOB, job_id):
                return JobResult.model_validate(dict(row))
        raise NotFoundError(f"there is no job {job_id}")

    async def batches(self, *, limit: int) -> list[Row]:
        """The newest first, their jobs counted."""
        async with self._database.transaction() as tx:
            return [_public(row) for row in await tx.batches.recent(self._tenant_id, limit=limit)]

    async def require_batch(self, batch_id: UUID) -> Row:
        """Raises NotFoundError."""
        async with self._database.transaction() as tx:
            batch = await tx.batches.get(self._tenant_id, batch_id)
        if batch is None:
            raise NotFoundError(f"there is no batch {batch_id}")
        return _public(batch)

    async def progress(self, batch_id: UUID) -> BatchProgress:
        """Raises NotFoundError."""
        batch = await self.require_batch(batch_id)
        async with self._database.transaction() as tx:
            found = await tx.reports.counts(batch_id)
            tokens = await tx.reports.output_tokens(batch_id)
        return progress_of(found, output_tokens=tokens, finished=batch["finished_at"] is not None)

    async def batch_report(self, batch_id: UUID) -> BatchReport:
        """Raises NotFoundError."""
        batch = await self.require_batch(batch_id)
        async with self._database.transaction() as tx:
            return BatchReport(
                batch=batch,
                tiers=tier_rows(await tx.reports.tiers(batch_id)),
                totals=_public(await tx.reports.totals(batch_id)),
                degraded=counts(await tx.reports.degradations(batch_id)),
                failed=counts(await tx.reports.failures(batch_id)),
            )

    async def costs(self, by: CostKey, batch_id: UUID | None = None) -> list[Row]:
        """Sums of the ledger. Raises NotFoundError for a batch that does not exist."""
        if batch_id is not None:
            await self.require_batch(batch_id)
        async with self._database.transaction() as tx:
            return [_public(row) for row in await tx.reports.costs(self._tenant_id, by, batch_id)]


def _public(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in SECRET_COLUMNS}
