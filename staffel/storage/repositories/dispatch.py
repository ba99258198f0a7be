"""The window of a tier: what is dispatched and not claimed, and which rows come next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from staffel.contracts.states import JobState
from staffel.contracts.tiers import Tier
from staffel.storage.repositories.base import Repository
from staffel.storage.tables import attempts, jobs

SERVICE_TIME_SAMPLE = 50


@dataclass(frozen=True, slots=True)
class Window:
    """How many hints of a tier are out, and the most urgent rank among them."""

    size: int
    first_rank: datetime | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row that was just stamped as dispatched."""

    job_id: UUID
    rank_at: datetime
    urgent: bool
    quarantined: bool


class DispatchRepository(Repository):
    """Used under the tier's advisory lock, but for `window`."""

    async def try_lock(self, tier: Tier) -> bool:
        """Takes the tier's advisory lock until the transaction ends; False when another holds it."""
        taken = await self._connection.scalar(
            text("SELECT pg_try_advisory_xact_lock(hashtext('staffel.top_up'), hashtext(:tier))"),
            {"tier": tier},
        )
        return bool(taken)

    async def window(self, tier: Tier) -> Window:
        row = await self._first(
            select(func.count().label("size"), func.min(jobs.c.rank_at).label("first_rank")).where(
                jobs.c.tier == tier, jobs.c.state == JobState.QUEUED, jobs.c.dispatched_at.is_not(None)
            )
        )
        assert row is not None  # noqa: S101 - an aggregate without GROUP BY has one row
        return Window(row["size"], row["first_rank"])

    async def choose(self, tier: Tier, *, free: int, risk: timedelta) -> Sequence[Chosen]:
        """Stamps the next rows, at most `free`; jobs within `risk` of their deadline take at most half."""
        rows = await self._sql("top_up", tier=tier, free=free, urgent_limit=(free + 1) // 2, risk=risk)
        return [Chosen(row["id"], row["rank_at"], row["urgent"], row["quarantined"]) for row in rows]

    async def service_time(self, tier: Tier) -> timedelta | None:
        """Mean duration of the tier's latest successful attempts; None before the first."""
        latest = (
            select((attempts.c.finished_at - attempts.c.started_at).label("duration"))
            .where(attempts.c.tier == tier, attempts.c.outcome == "succeeded")
            .order_by(attempts.c.finished_at.desc())
            .limit(SERVICE_TIME_SAMPLE)
            .subquery()
        )
        mean: timedelta | None = await self._connection.scalar(select(func.avg(latest.c.duration)))
        return mean
