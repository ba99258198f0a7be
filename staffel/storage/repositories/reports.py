"""Counts and sums for people: progress, tables a tier, costs, the streamed results."""

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, case, cast, func, select
from sqlalchemy.types import Date, Text

from staffel.storage.repositories.base import Repository
from staffel.storage.sql import statement
from staffel.storage.tables import batches, costs, jobs, results


class CostKey(StrEnum):
    """What costs can be grouped by."""

    TIER = "tier"
    MODEL = "model"
    TASK = "task"
    DAY = "day"


class OwnerKind(StrEnum):
    """What an id that results are asked for can name."""

    BATCH = "batch"
    JOB = "job"


class ReportRepository(Repository):
    """Read only."""

    async def counts(self, batch_id: UUID) -> Sequence[RowMapping]:
        """Jobs of a batch a tier and state; the tier is None before classification."""
        return await self._rows(
            select(jobs.c.tier, jobs.c.state, func.count().label("jobs"))
            .where(jobs.c.batch_id == batch_id)
            .group_by(jobs.c.tier, jobs.c.state)
        )

    async def output_tokens(self, batch_id: UUID) -> int:
        total = await self._connection.scalar(
            select(func.coalesce(func.sum(costs.c.output_tokens), 0)).where(costs.c.batch_id == batch_id)
        )
        return int(total or 0)

    async def tiers(self, batch_id: UUID) -> Sequence[RowMapping]:
        """A row a tier that ended jobs of the batch: jobs, tokens, latency, cost, baseline."""
        return await self._rows(statement("tier_report"), {"batch_id": batch_id})

    async def totals(self, batch_id: UUID) -> RowMapping:
        row = await self._first(statement("batch_totals"), {"batch_id": batch_id})
        assert row is not None  # noqa: S101 - an aggregate without GROUP BY has one row
        return row

    async def costs(self, tenant_id: str, by: CostKey, batch_id: UUID | None = None) -> Sequence[RowMapping]:
        """Sums of the ledger. `unknown` and `unknown_baselines` count the rows whose price is not known."""
        key = _cost_column(by)
        query = (
            select(
                key.label("key"),
                func.count().label("rows"),
                func.sum(costs.c.input_tokens).label("input_tokens"),
                func.sum(costs.c.cached_input_tokens).label("cached_input_tokens"),
                func.sum(costs.c.output_tokens).label("output_tokens"),
                func.coalesce(func.sum(costs.c.amount_usd), 0).label("amount_usd"),
                func.coalesce(func.sum(costs.c.baseline_usd), 0).label("baseline_usd"),
                func.count().filter(costs.c.estimated).label("estimated"),
                func.count().filter(costs.c.amount_usd.is_(None)).label("unknown"),
                func.count().filter(costs.c.baseline_usd.is_(None)).label("unknown_baselines"),
            )
            .where(costs.c.tenant_id == tenant_id)
            .group_by(key)
            .order_by(key)
        )
        return await self._rows(query if batch_id is None else query.where(costs.c.batch_id == batch_id))

    async def stream_results(
        self, tenant_id: str, kind: OwnerKind, owner_id: UUID
    ) -> AsyncIterator[RowMapping]:
        """Every job of a batch (or the one job) with its result, in order; constant memory."""
        streamed = await self._connection.stream(_results_of(tenant_id, kind, owner_id))
        async for row in streamed.mappings():
            yield row

    async def find(self, tenant_id: str, owner_id: UUID) -> OwnerKind | None:
        """Whether an id names a batch or a job of the tenant."""
        for kind, table in ((OwnerKind.BATCH, batches), (OwnerKind.JOB, jobs)):
            if await self._first(
                select(table.c.id).where(table.c.id == owner_id, table.c.tenant_id == tenant_id)
            ):
                return kind
        return None

    async def degradations(self, batch_id: UUID) -> Sequence[RowMapping]:
        """Why jobs of a batch were answered by another tier than the decided one, each reason counted."""
        return await self._counted(jobs.c.degraded_reason, batch_id)

    async def failures(self, batch_id: UUID) -> Sequence[RowMapping]:
        """The codes that jobs of a batch failed or died with, each counted."""
        return await self._counted(jobs.c.error_code, batch_id)

    async def _counted(self, column: ColumnElement[Any], batch_id: UUID) -> Sequence[RowMapping]:
        return await self._rows(
            select(column.label("reason"), func.count().label("jobs"))
            .where(jobs.c.batch_id == batch_id, column.is_not(None), jobs.c.finished_at.is_not(None))
            .group_by(column)
            .order_by(func.count().desc(), column)
        )

    async def backlog(self) -> Sequence[RowMapping]:
        """Open jobs a tier and state, of all tenants."""
        return await self._rows(
            select(jobs.c.tier, jobs.c.state, func.count().label("jobs"))
            .where(jobs.c.finished_at.is_(None))
            .group_by(jobs.c.tier, jobs.c.state)
        )


def _cost_column(by: CostKey) -> ColumnElement[Any]:
    if by is CostKey.DAY:
        return cast(cast(costs.c.booked_at, Date), Text)
    return costs.c[by.value]


def _results_of(tenant_id: str, kind: OwnerKind, owner_id: UUID) -> Select[Any]:
    owner = jobs.c.batch_id if kind is OwnerKind.BATCH else jobs.c.id
    spent = (
        select(case((func.count() == func.count(costs.c.amount_usd), func.sum(costs.c.amount_usd))))
        .where(costs.c.job_id == jobs.c.id)
        .scalar_subquery()
        .label("cost_usd")
    )
    return (
        select(
            jobs.c.id.label("job_id"),
            jobs.c.batch_index,
            jobs.c.source,
            jobs.c.task,
            jobs.c.state,
            func.coalesce(results.c.tier, jobs.c.tier).label("tier"),
            results.c.model,
            results.c.text,
            results.c.data,
            results.c.finish_reason,
            results.c.unverified,
            jobs.c.degraded_reason,
            jobs.c.error_code,
            jobs.c.error_message,
            jobs.c.attempt.label("attempts"),
            spent,
            jobs.c.metadata,
            jobs.c.submitted_at,
            jobs.c.finished_at,
        )
        .outerjoin(results, results.c.job_id == jobs.c.id)
        .where(jobs.c.tenant_id == tenant_id, owner == owner_id)
        .order_by(jobs.c.batch_index, jobs.c.id)
    )
