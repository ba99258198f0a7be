"""The one place that publishes jobs to a tier: chosen in SQL, committed, then pushed."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError

from staffel.contracts.errors import UnreachableError
from staffel.contracts.tasks import CeleryTask
from staffel.contracts.telemetry import LogField
from staffel.contracts.tiers import Tier
from staffel.fleet import Fleet
from staffel.routing.schedule import window_size
from staffel.storage.database import Database
from staffel.storage.hints import Hint, HintSender, Level
from staffel.storage.repositories.dispatch import Chosen, DispatchRepository, Window

log = structlog.get_logger(__name__)

#: Before a tier has run anything.
ASSUMED_SERVICE_TIME = timedelta(seconds=1)
MEASURE_EVERY_S = 5.0


@dataclass(slots=True)
class Measured:
    """A tier's service time and when it was read."""

    service_time: timedelta
    at: float


class Dispatcher:
    """Tops up windows. Safe to run in many processes: a tier is topped up by one at a time."""

    def __init__(self, database: Database, hints: HintSender, fleet: Fleet) -> None:
        self._database = database
        self._hints = hints
        self._fleet = fleet
        self._measured: dict[Tier, Measured] = {}
        self._wanted: set[Tier] = set()
        self._working: dict[Tier, asyncio.Task[None]] = {}

    def request(self, tier: Tier) -> None:
        """Asks for a top-up soon; many requests at once become one."""
        self._wanted.add(tier)
        if tier not in self._working:
            self._working[tier] = asyncio.create_task(self._serve(tier))

    def size_of(self, tier: Tier) -> int:
        """How many hints the tier's window should hold, as last measured."""
        measured = self._measured.get(tier)
        return window_size(
            self._fleet.slots_of(tier), measured.service_time if measured else ASSUMED_SERVICE_TIME
        )

    async def top_up(self, tier: Tier) -> int:
        """Fills the tier's window from the database; returns how many hints were pushed.

        A flag is left before the lock is tried, taken down under the lock, and looked for after the commit:
        so a caller that is locked out may go, the holder will look once more.
        """
        await self._hints.leave_flag(tier)
        pushed = 0
        while (hints := await self._choose(tier)) is not None:
            await self._hints.send(hints)
            pushed += len(hints)
            if not await self._hints.flag_stands(tier):
                break
        return pushed

    async def close(self) -> None:
        """Lets the requested top-ups end."""
        await asyncio.gather(*self._working.values(), return_exceptions=True)

    async def _serve(self, tier: Tier) -> None:
        try:
            while tier in self._wanted:
                self._wanted.discard(tier)
                await self.top_up(tier)
        except (UnreachableError, RedisError) as error:
            log.warning("top_up_failed", error=str(error), **{LogField.TIER: tier.value})
        finally:
            del self._working[tier]

    async def _choose(self, tier: Tier) -> list[Hint] | None:
        """Hints for the next rows, stamped and committed; None when another dispatcher holds the tier."""
        async with self._database.transaction() as tx:
            if not await tx.dispatch.try_lock(tier):
                return None
            await self._hints.take_flag(tier)
            service_time = await self._measure(tier, tx.dispatch)
            window = await tx.dispatch.window(tier)
            free = self.size_of(tier) - window.size
            if free <= 0:
                return []
            chosen = await tx.dispatch.choose(tier, free=free, risk=2 * service_time + timedelta(seconds=1))
        return hints_for(tier, chosen, window)

    async def _measure(self, tier: Tier, dispatch: DispatchRepository) -> timedelta:
        """The tier's service time, read anew every few seconds."""
        last = self._measured.get(tier)
        if last is None or time.monotonic() - last.at > MEASURE_EVERY_S:
            service_time = await dispatch.service_time(tier) or ASSUMED_SERVICE_TIME
            last = self._measured[tier] = Measured(service_time, time.monotonic())
        return last.service_time


def hints_for(tier: Tier, chosen: Sequence[Chosen], window: Window) -> list[Hint]:
    """A hint a row. Express for a row at risk or more urgent than all in the window; suspects run alone."""
    return [
        Hint(
            task=CeleryTask.RUN_ALONE if row.quarantined else CeleryTask.RUN,
            queue=tier.value,
            ids=(row.job_id,),
            level=Level.EXPRESS if row.urgent or _precedes(row.rank_at, window.first_rank) else Level.NORMAL,
        )
        for row in chosen
    ]


def _precedes(rank_at: datetime, first_rank: datetime | None) -> bool:
    return first_rank is not None and rank_at < first_rank
