"""Waits for conditions, with a deadline."""

import asyncio
import time
from collections.abc import Callable

PAUSE_S = 0.005


async def until(condition: Callable[[], object], *, within_s: float = 5.0) -> None:
    """Returns as soon as the condition holds; fails the test when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(PAUSE_S)
