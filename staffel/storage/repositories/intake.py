"""Writes what was accepted: batches, jobs, payloads and idempotency keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from staffel.storage.repositories.base import Repository, among, without_nul
from staffel.storage.tables import batches, idempotency_keys, jobs, payloads, tenants

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Who holds an idempotency key: the job or batch that was first to use it with this body."""

    key: str
    body_hash: str
    job_id: UUID | None
    batch_id: UUID | None


class IntakeRepository(Repository):
    """Inserts only; the caller commits everything at once."""

    async def ensure_tenant(self, tenant_id: str) -> None:
        await self._connection.execute(upsert(tenants).values(id=tenant_id).on_conflict_do_nothing())

    async def take_keys(self, tenant_id: str, uses: Sequence[KeyUse]) -> dict[str, KeyUse]:
        """Takes the keys that are free; returns who holds each of them now."""
        if not uses:
            return {}
        rows = [
            {"key": use.key, "tenant_id": tenant_id, "body_hash": use.body_hash}
            | {"job_id": use.job_id, "batch_id": use.batch_id}
            for use in sorted(uses, key=lambda use: use.key)
        ]
        await self._connection.execute(upsert(idempotency_keys).on_conflict_do_nothing(), rows)
        held = await self._rows(
            select(idempotency_keys).where(
                idempotency_keys.c.tenant_id == tenant_id,
                among(idempotency_keys.c.key, [use.key for use in uses]),
            )
        )
        holders = {
            row["key"]: KeyUse(row["key"], row["body_hash"], row["job_id"], row["batch_id"]) for row in held
        }
        pruned_meanwhile = [use for use in uses if use.key not in holders]
        return holders | await self.take_keys(tenant_id, pruned_meanwhile)

    async def add_batch(self, values: dict[str, Any]) -> None:
        await self._connection.execute(insert(batches).values(without_nul(values)))

    async def add_jobs(
        self, job_rows: Sequence[dict[str, Any]], payload_rows: Sequence[dict[str, Any]]
    ) -> None:
        """All rows of a table carry the same keys."""
        for table, rows in ((jobs, job_rows), (payloads, payload_rows)):
            for start in range(0, len(rows), CHUNK):
                chunk = [without_nul(row) for row in rows[start : start + CHUNK]]
                await self._connection.execute(insert(table), chunk)

    async def add_rejected(self, rows: Sequence[dict[str, Any]]) -> None:
        """Rows of items that are no jobs; they ended when they were submitted."""
        ended = insert(jobs).values(finished_at=func.now())
        for start in range(0, len(rows), CHUNK):
            chunk = [without_nul(row) for row in rows[start : start + CHUNK]]
            await self._connection.execute(ended, chunk)
