"""The leases that this process holds: renewed together, and the way to interrupt a running attempt."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from staffel.contracts.errors import UnreachableError
from staffel.storage.database import Database
from workers.claims import Claim
from workers.outcomes import Interruption

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Held:
    """A lease, the work under it, and why the work was interrupted, if it was."""

    lease_token: UUID
    work: "asyncio.Future[Any] | None" = None
    why: Interruption | None = None

    def interrupt(self, why: Interruption) -> None:
        """The first reason counts."""
        if self.why is None:
            self.why = why
            if self.work is not None:
                self.work.cancel()


class Leases:
    """One instance a process; used on its event loop only."""

    def __init__(self, database: Database, lease: timedelta) -> None:
        self._database = database
        self._lease = lease
        self._held: dict[UUID, Held] = {}

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[Held]:
        held = self._held[claim.job_id] = Held(claim.lease_token)
        try:
            yield held
        finally:
            if self._held.get(claim.job_id) is held:
                del self._held[claim.job_id]

    def __len__(self) -> int:
        return len(self._held)

    def interrupt(self, job_id: UUID, why: Interruption) -> None:
        if job_id in self._held:
            self._held[job_id].interrupt(why)

    def interrupt_all(self, why: Interruption) -> None:
        for held in list(self._held.values()):
            held.interrupt(why)

    async def beat(self) -> None:
        """Renews every lease in one statement; those that were lost or cancelled are interrupted."""
        held = {job_id: lease.lease_token for job_id, lease in self._held.items()}
        if not held:
            return
        async with self._database.transaction() as tx:
            renewed = await tx.runs.renew(list(held.items()), self._lease)
        for job_id, token in held.items():
            current = self._held.get(job_id)
            if current is None or current.lease_token != token:
                continue
            if job_id not in renewed:
                current.interrupt(Interruption.FENCED)
            elif renewed[job_id]:
                current.interrupt(Interruption.CANCELLED)

    async def beat_forever(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.beat()
            except (UnreachableError, DBAPIError) as error:
                log.warning("heartbeat_failed", error=str(error).split("\n", 1)[0], held=len(self))
