"""What lives on the loop of a process: the executor with its beat and ear, the classifier, the reconciler."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from staffel.contracts.errors import UnreachableError
from staffel.storage.database import Database
from staffel.storage.wakes import CANCEL_CHANNEL, Wakes
from workers.claims import Claim
from workers.classification import Classification
from workers.dispatch.batches import BatchCloser
from workers.dispatch.reconciler import Reconciler
from workers.dispatch.window import Dispatcher
from workers.executor import Executor
from workers.executor.leases import Leases
from workers.executor.recorder import Recorded
from workers.health import Reporter
from workers.outcomes import Interruption
from workers.providers.gate import Providers

log = structlog.get_logger(__name__)

RECONNECT_PAUSE_S = 1.0


@dataclass(slots=True)
class Connections:
    """The servers of one process, closed together."""

    database: Database
    redis: Redis

    async def close(self) -> None:
        await self.redis.aclose()
        await self.database.close()


@dataclass(slots=True)
class Background:
    """Tasks that run as long as their service."""

    tasks: list["asyncio.Task[Any]"] = field(default_factory=list)

    def start(self, work: "Coroutine[Any, Any, Any]") -> None:
        self.tasks.append(asyncio.create_task(work))

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()


class AfterCommit:
    """Wakes who waits, finishes the batch, tops up; the reconciler makes up for whatever fails here."""

    def __init__(self, wakes: Wakes, batches: BatchCloser, dispatcher: Dispatcher) -> None:
        self._wakes = wakes
        self._batches = batches
        self._dispatcher = dispatcher

    async def after(self, claim: Claim, recorded: Recorded) -> None:
        if recorded.window * 2 <= self._dispatcher.size_of(recorded.tier):
            self._dispatcher.request(recorded.tier)
        if not recorded.terminal:
            return
        try:
            await self._wakes.ended([claim.job_id])
            await self._batches.close([claim.batch_id])
        except (RedisError, UnreachableError) as error:
            log.warning("after_commit_failed", error=str(error))


@dataclass(slots=True)
class ExecutorService:
    """The executor of one pool, its heartbeat and its ear for cancels."""

    connections: Connections
    executor: Executor
    leases: Leases
    providers: Providers
    dispatcher: Dispatcher
    wakes: Wakes
    heartbeat_s: float
    background: Background = field(default_factory=Background)
    reporter: Reporter | None = None

    async def open(self) -> None:
        if self.reporter is not None:
            self.background.start(self.reporter.run_forever())
        self.background.start(self.leases.beat_forever(self.heartbeat_s))
        self.background.start(self._hear_cancels())

    def release(self) -> None:
        """Gives every running job back, uncharged, and takes no other."""
        self.executor.close()
        self.leases.interrupt_all(Interruption.RELEASED)

    async def close(self) -> None:
        await self.background.stop()
        await self.dispatcher.close()
        await self.providers.close()
        await self.connections.close()

    async def _hear_cancels(self) -> None:
        """A cancel takes effect at once; the heartbeat finds those that were not heard."""
        while True:
            try:
                async for job_id in self.wakes.listen(CANCEL_CHANNEL, every_s=30.0):
                    if job_id is not None:
                        self.leases.interrupt(UUID(job_id), Interruption.CANCELLED)
            except (RedisError, ValueError) as error:
                log.warning("cancel_ear_failed", error=str(error))
                await asyncio.sleep(RECONNECT_PAUSE_S)


@dataclass(slots=True)
class ClassifierService:
    """The classifier of one process."""

    connections: Connections
    classification: Classification
    background: Background = field(default_factory=Background)
    reporter: Reporter | None = None

    async def open(self) -> None:
        """Connects at first use."""
        if self.reporter is not None:
            self.background.start(self.reporter.run_forever())

    def release(self) -> None:
        """A batch that is cut off is rolled back and found again."""

    async def close(self) -> None:
        await self.background.stop()
        await self.connections.close()


@dataclass(slots=True)
class ControlService:
    """The reconciler and dispatcher of one process."""

    connections: Connections
    reconciler: Reconciler
    background: Background = field(default_factory=Background)
    reporter: Reporter | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            if self.reporter is not None:
                self.background.start(self.reporter.run_forever())
            await self.reconciler.run_forever()
        finally:
            await self.background.stop()
            await self.connections.close()
