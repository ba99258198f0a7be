"""Wakes over Redis pub/sub: a job ended, a cancel was asked for.

A wake only saves waiting: whoever listens also reads the database now and then.
"""

from collections.abc import AsyncIterator, Iterable
from uuid import UUID

from redis.asyncio import Redis

CANCEL_CHANNEL = "staffel:cancel"


def ended_channel(owner_id: UUID) -> str:
    """The channel that tells of the end of a job or a batch."""
    return f"staffel:ended:{owner_id}"


class Wakes:
    """Publishes and hears wakes."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ended(self, owner_ids: Iterable[UUID]) -> None:
        for owner_id in owner_ids:
            await self._redis.publish(ended_channel(owner_id), "")

    async def cancel(self, job_ids: Iterable[UUID]) -> None:
        for job_id in job_ids:
            await self._redis.publish(CANCEL_CHANNEL, str(job_id))

    async def listen(self, channel: str, *, every_s: float) -> AsyncIterator[str | None]:
        """What is published on a channel; None at once after subscribing, and after `every_s` of silence.

        Subscribe first, then read the database, then wait: so nothing falls between reading and waiting.
        """
        async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(channel)
            yield None
            while True:
                message = await subscription.get_message(timeout=every_s)
                yield _text(message["data"]) if message else None


def _text(data: bytes | str) -> str:
    return data.decode() if isinstance(data, bytes) else data
