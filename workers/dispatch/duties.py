"""The duties of the reconciler, in the order in which it runs them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from staffel.contracts.states import CallState
from staffel.contracts.tasks import CeleryTask
from staffel.contracts.tiers import Queue, Tier
from staffel.fleet import Fleet
from staffel.storage.database import Database
from staffel.storage.hints import Hint, HintSender
from staffel.storage.wakes import Wakes
from workers.dispatch.batches import BatchCloser
from workers.dispatch.pruner import Pruner
from workers.dispatch.window import Dispatcher
from workers.executor.booking import Spending, cost_row
from workers.settings import WorkerSettings

BITE = 500


@dataclass(frozen=True, slots=True)
class EpochKeeper:
    """Redis forgot everything: all that was dispatched is dispatched again."""

    database: Database
    hints: HintSender

    async def sweep(self) -> int:
        if not await self.hints.renew_epoch():
            return 0
        async with self.database.transaction() as tx:
            return await tx.sweeps.undispatch()


@dataclass(frozen=True, slots=True)
class LeaseReaper:
    """Takes back jobs whose worker died."""

    database: Database
    settings: WorkerSettings
    batches: BatchCloser
    wakes: Wakes

    async def sweep(self) -> int:
        async with self.database.transaction() as tx:
            expired = await tx.sweeps.expire_leases(
                lease=self.settings.lease, max_crashes=self.settings.max_crashes, limit=BITE
            )
            ended = [row for row in expired if row["state"] != "queued"]
            await tx.callbacks.tell_ended([row["id"] for row in ended])
        await self.wakes.ended(row["id"] for row in ended)
        await self.batches.close(row["batch_id"] for row in ended)
        return len(expired)


@dataclass(frozen=True, slots=True)
class HintFinder:
    """Dispatched a while ago, not claimed, and not in the window's lists: the hint was lost."""

    database: Database
    hints: HintSender
    tiers: Sequence[Tier]
    lost_after: timedelta

    async def sweep(self) -> int:
        return sum([await self._sweep(tier) for tier in self.tiers])

    async def _sweep(self, tier: Tier) -> int:
        async with self.database.transaction() as tx:
            unclaimed = await tx.sweeps.unclaimed(tier, self.lost_after)
        if not unclaimed:
            return 0
        waiting = await self.hints.waiting(tier.value)
        lost = [job_id for job_id in unclaimed if job_id not in waiting]
        async with self.database.transaction() as tx:
            return await tx.sweeps.undispatch(lost) if lost else 0


@dataclass(frozen=True, slots=True)
class ClassifyStager:
    """Jobs that no classifier has looked at: hints them again, unless their hint still waits."""

    database: Database
    hints: HintSender
    lost_after: timedelta
    hint_size: int

    async def sweep(self) -> int:
        async with self.database.transaction() as tx:
            stuck = await tx.sweeps.unclassified(self.lost_after, BITE)
        if not stuck:
            return 0
        waiting = await self.hints.waiting(Queue.CLASSIFY)
        lost = [job_id for job_id in stuck if job_id not in waiting]
        await self.hints.send(
            Hint(CeleryTask.CLASSIFY, Queue.CLASSIFY, tuple(lost[start : start + self.hint_size]))
            for start in range(0, len(lost), self.hint_size)
        )
        return len(lost)


@dataclass(frozen=True, slots=True)
class DeadlineKeeper:
    """Ends what waits beyond its deadline."""

    database: Database
    batches: BatchCloser
    wakes: Wakes

    async def sweep(self) -> int:
        async with self.database.transaction() as tx:
            failed = await tx.sweeps.fail_past_deadline(BITE)
            await tx.callbacks.tell_ended([row["id"] for row in failed])
        await self.wakes.ended(row["id"] for row in failed)
        await self.batches.close(row["batch_id"] for row in failed)
        return len(failed)


@dataclass(frozen=True, slots=True)
class OrphanBooker:
    """Calls that a dead worker left open: books what they may have cost, as an estimate."""

    database: Database
    fleet: Fleet
    lease: timedelta

    async def sweep(self) -> int:
        async with self.database.transaction() as tx:
            orphans = await tx.calls.lock_orphans(self.lease / 2, BITE)
            if not orphans:
                return 0
            await tx.calls.mark_orphaned([row["id"] for row in orphans])
            await tx.ledger.add([self._booking(dict(row)) for row in orphans])
        return len(orphans)

    def _booking(self, call: dict[str, Any]) -> dict[str, Any]:
        spending = Spending(
            call_id=call["id"],
            state=CallState.ORPHANED,
            provider=call["provider"],
            model=call["model"],
            tier=call["tier"],
            pool=call["pool"],
            usage=None,
            estimated_input_tokens=call["estimated_input_tokens"],
            output_limit_tokens=call["output_limit_tokens"],
            seconds=min(float(call["age_s"]), self.lease.total_seconds()),
        )
        owner = {name: call[name] for name in ("tenant_id", "batch_id", "job_id", "attempt", "task")}
        return cost_row(self.fleet, spending, owner)


@dataclass(frozen=True, slots=True)
class BatchSweeper:
    """Finishes batches whose last job ended while nobody looked."""

    batches: BatchCloser

    async def sweep(self) -> int:
        return await self.batches.close_all()


@dataclass(frozen=True, slots=True)
class WindowKeeper:
    """Tops up every tier: what came due, and what others left undone."""

    dispatcher: Dispatcher
    tiers: Iterable[Tier]

    async def sweep(self) -> int:
        return sum([await self.dispatcher.top_up(tier) for tier in self.tiers])


def all_duties(
    *,
    settings: WorkerSettings,
    fleet: Fleet,
    database: Database,
    hints: HintSender,
    wakes: Wakes,
    dispatcher: Dispatcher,
) -> list[Any]:
    """Every duty, in order: first what frees jobs, then what dispatches them, at last what has time."""
    tiers = tuple(fleet.tiers)
    batches = BatchCloser(database, wakes)
    lost_after = timedelta(seconds=settings.hint_lost_after_s)
    return [
        EpochKeeper(database, hints),
        LeaseReaper(database, settings, batches, wakes),
        DeadlineKeeper(database, batches, wakes),
        HintFinder(database, hints, tiers, lost_after),
        ClassifyStager(database, hints, lost_after, 200),
        OrphanBooker(database, fleet, settings.lease),
        BatchSweeper(batches),
        WindowKeeper(dispatcher, tiers),
        Pruner(database, settings.keep, settings.prune_every_s),
    ]
