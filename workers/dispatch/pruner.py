"""Deletes what is older than it is kept, a little at a time, so that nobody waits for it."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from staffel.contracts.retention import Keep, Pruned
from staffel.storage.database import Database
from staffel.storage.repositories.retention import FIRST, RetentionRepository

#: Jobs a transaction.
BITE = 200
#: Payloads a transaction; most are looked at and stay.
WALK = 1_000


async def prune(database: Database, keep: Keep) -> AsyncIterator[Pruned]:
    """One pass over everything that is too old, a transaction an item; says what each has deleted."""
    async for pruned in _bites(database, lambda retention: retention.prune_jobs(keep, BITE)):
        yield pruned
    async for pruned in _erase_payloads(database, keep):
        yield pruned
    async for pruned in _bites(database, lambda retention: retention.prune_batches(keep, BITE)):
        yield pruned
    async for pruned in _bites(database, lambda retention: retention.prune_keys(keep, WALK)):
        yield pruned


async def _bites(
    database: Database, bite: Callable[[RetentionRepository], Awaitable[Pruned]]
) -> AsyncIterator[Pruned]:
    """Bites until one finds nothing."""
    pruned = None
    while pruned is None or pruned.total:
        async with database.transaction() as tx:
            pruned = await bite(tx.retention)
        yield pruned


async def _erase_payloads(database: Database, keep: Keep) -> AsyncIterator[Pruned]:
    after = FIRST
    while True:
        async with database.transaction() as tx:
            pruned, reached = await tx.retention.erase_payloads(keep, after, WALK)
        yield pruned
        if reached is None:
            return
        after = reached


@dataclass(slots=True)
class Pruner:
    """Begins a pass every `every_s` seconds; a turn goes on with it for `budget_s`, then others work."""

    database: Database
    keep: Keep
    every_s: float
    budget_s: float = 0.5
    _pass: AsyncIterator[Pruned] | None = field(default=None, init=False)
    _next_at: float = field(default=0.0, init=False)

    async def sweep(self) -> int:
        """Rows deleted in this turn."""
        started = time.monotonic()
        if not self.every_s or (self._pass is None and started < self._next_at):
            return 0
        underway = self._pass or prune(self.database, self.keep)
        self._pass, self._next_at = None, started + self.every_s  # a pass that fails is begun anew later
        rows = 0
        async for pruned in underway:
            rows += pruned.total
            if time.monotonic() - started > self.budget_s:
                self._pass = underway
                break
        return rows
