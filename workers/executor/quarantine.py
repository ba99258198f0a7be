"""Who may run beside whom in a process: suspects run alone, everything else together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Quarantine:
    """A shared and an exclusive side. A waiting suspect holds newcomers back, so that it gets its turn."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._running = 0
        self._suspects = 0
        self._alone = False

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._suspects and not self._alone)
            self._running += 1
        try:
            yield
        finally:
            async with self._changed:
                self._running -= 1
                self._changed.notify_all()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._changed:
            self._suspects += 1
            try:
                await self._changed.wait_for(lambda: not self._running and not self._alone)
                self._alone = True
            finally:
                self._suspects -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            async with self._changed:
                self._alone = False
                self._changed.notify_all()
