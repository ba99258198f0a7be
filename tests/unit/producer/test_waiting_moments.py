"""Waiting looks at once, after every wake, and on time alone without Redis."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import UUID

from redis.exceptions import ConnectionError as RedisConnectionError

from producer.waiting import Waiter
from staffel.storage.wakes import ended_channel

JOB = UUID(int=1)


class ScriptedWakes:
    """Hears so many wakes a subscription, then loses the connection."""

    def __init__(self, wakes_a_subscription: Sequence[int]) -> None:
        self._script = list(wakes_a_subscription)
        self.subscribed: list[str] = []

    async def listen(self, channel: str, *, every_s: float) -> AsyncGenerator[str | None]:
        assert every_s == 0.0
        self.subscribed.append(channel)
        for _ in range(self._script.pop(0) if self._script else 0):
            yield None
        raise RedisConnectionError


async def moments(wakes: ScriptedWakes, wanted: int) -> int:
    seen = 0
    async with aclosing(Waiter(wakes).moments(JOB, every_s=0.0)) as ticks:
        async for _ in ticks:
            seen += 1
            if seen == wanted:
                return seen
    return seen


async def test_every_wake_is_a_moment_to_look() -> None:
    wakes = ScriptedWakes([3])
    assert await moments(wakes, 3) == 3
    assert wakes.subscribed == [ended_channel(JOB)]


async def test_a_lost_connection_is_a_moment_too_and_is_made_anew() -> None:
    wakes = ScriptedWakes([1, 0, 1])
    assert await moments(wakes, 5) == 5
    assert len(wakes.subscribed) == 3
