"""Waiting for the end of a job or a batch: subscribe, read, wait, read again."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Protocol
from uuid import UUID

from redis.exceptions import RedisError

from staffel.storage.wakes import ended_channel


class Listener(Protocol):
    """Hears what is published on a channel: `staffel.storage.wakes.Wakes`."""

    def listen(self, channel: str, *, every_s: float) -> AsyncIterator[str | None]: ...


class Waiter:
    """Says when to look; without Redis it says so on time alone."""

    def __init__(self, wakes: Listener) -> None:
        self._wakes = wakes

    async def moments(self, owner_id: UUID, *, every_s: float) -> AsyncGenerator[None]:
        """One moment at once, then one after every wake and after `every_s` without; without end."""
        while True:
            try:
                async with aclosing(self._listen(owner_id, every_s)) as wakes:
                    async for _ in wakes:
                        yield
            except RedisError:
                yield
                await asyncio.sleep(every_s)

    async def _listen(self, owner_id: UUID, every_s: float) -> AsyncGenerator[None]:
        async for _ in self._wakes.listen(ended_channel(owner_id), every_s=every_s):
            yield
