"""What is old enough to go: found by age and tenant, deleted in small bites. The ledger is never touched."""

from dataclasses import asdict
from uuid import UUID

from staffel.contracts.retention import Keep, Pruned
from staffel.storage.repositories.base import Repository

#: Before every payload.
FIRST = UUID(int=0)


class RetentionRepository(Repository):
    """Every bite may be taken many times and side by side."""

    async def prune_jobs(self, keep: Keep, limit: int) -> Pruned:
        """Ended jobs and all they own."""
        (row,) = await self._sql(
            "prune_jobs", jobs_days=keep.jobs_days, failed_days=keep.failed_days, limit=limit
        )
        return Pruned.of(row)

    async def erase_payloads(self, keep: Keep, after: UUID, limit: int) -> tuple[Pruned, UUID | None]:
        """Contents of ended jobs behind the payload `after`; and where to go on, None at the end."""
        (row,) = await self._sql("erase_payloads", payloads_days=keep.payloads_days, after=after, limit=limit)
        return Pruned.of(row), row["reached"]

    async def prune_batches(self, keep: Keep, limit: int) -> Pruned:
        """Finished batches that have no job any more."""
        (row,) = await self._sql(
            "prune_batches", jobs_days=keep.jobs_days, failed_days=keep.failed_days, limit=limit
        )
        return Pruned.of(row)

    async def prune_keys(self, keep: Keep, limit: int) -> Pruned:
        """Idempotency keys, by the age of the key."""
        (row,) = await self._sql("prune_keys", keys_days=keep.keys_days, limit=limit)
        return Pruned.of(row)

    async def due(self, keep: Keep) -> Pruned:
        """What a whole run would delete now."""
        (row,) = await self._sql("retention_due", **asdict(keep))
        return Pruned.of(row)
