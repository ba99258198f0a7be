"""Cancel, retry and discard: what people do to jobs that are already there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from redis.exceptions import RedisError

from producer.submission import ClassifyHints
from staffel.contracts.states import JobState
from staffel.storage.database import Database
from staffel.storage.repositories.jobs import JobFilter
from staffel.storage.wakes import Wakes

#: Above this many, those who wait for a single job find its end at their next look at the database.
MAX_ENDED_WAKES = 1_000


@dataclass(frozen=True, slots=True)
class Cancelled:
    """`ended` are cancelled, `asked` run and stop within a second.

    `told` is False when Redis was out of reach: those that run stop at their next heartbeat.
    """

    ended: tuple[UUID, ...]
    asked: tuple[UUID, ...]
    told: bool


@dataclass(frozen=True, slots=True)
class Retried:
    """Jobs that go through the fleet again; `hinted` as with a submission."""

    job_ids: tuple[UUID, ...]
    hinted: bool


class Interventions:
    """What it returned is committed."""

    def __init__(self, database: Database, wakes: Wakes, hints: ClassifyHints) -> None:
        self._database = database
        self._wakes = wakes
        self._hints = hints

    async def cancel(self, which: JobFilter) -> Cancelled:
        """Ends what does not run, asks the rest to stop, and finishes the batches that this ended."""
        async with self._database.transaction() as tx:
            touched = await tx.jobs.cancel(which)
            ended = [row for row in touched if row["state"] == JobState.CANCELLED]
            await tx.callbacks.tell_ended([row["id"] for row in ended if row["callback_url"]])
            batches = {row["batch_id"] for row in ended if row["batch_id"]}
            finished = await tx.batches.close_if_done(sorted(batches)) if batches else []
        ended_ids = tuple(row["id"] for row in ended)
        asked_ids = tuple(row["id"] for row in touched if row["state"] == JobState.RUNNING)
        told = await self._wake(asked_ids, [*ended_ids[:MAX_ENDED_WAKES], *(row["id"] for row in finished)])
        return Cancelled(ended_ids, asked_ids, told)

    async def retry(self, which: JobFilter) -> Retried:
        """Sends failed, dead and cancelled jobs through the fleet again."""
        async with self._database.transaction() as tx:
            job_ids = await tx.jobs.retry(which)
        return Retried(tuple(job_ids), hinted=await self._hints.send(job_ids))

    async def count(self, which: JobFilter) -> tuple[int, datetime]:
        """How many jobs are meant, and when that was asked by the database's clock."""
        async with self._database.transaction() as tx:
            return await tx.jobs.count(which)

    async def discard(self, which: JobFilter) -> tuple[UUID, ...]:
        """Gives dead jobs up: cancelled, their content erased; their costs and attempts stay."""
        async with self._database.transaction() as tx:
            return tuple(await tx.jobs.discard(which))

    async def _wake(self, asked: Sequence[UUID], ended: Sequence[UUID]) -> bool:
        try:
            await self._wakes.cancel(asked)
            await self._wakes.ended(ended)
        except RedisError:
            return False
        return True
