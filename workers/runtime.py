"""The event loop of a worker process, in a thread of its own, that the pool's threads wait on.

Handlers are coroutines on this one loop, so that cancelling, deadlines and parallel calls are those of
asyncio, and a client's connections outlive the job.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Service(Protocol):
    """What lives on the loop: opened on it, closed on it, and told when it must let go of its work."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def release(self) -> None: ...


class Runtime:
    """Starts the loop's thread, runs coroutines on it from other threads, and stops it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="staffel-loop", daemon=True)
        self._service: Service | None = None

    def start(self, build: Callable[[], Service]) -> Service:
        """Starts the loop and opens a service on it; raises what building or opening raises."""
        self._thread.start()
        with ExitStack() as undo:
            undo.callback(self._end_loop)
            self._service = self.run(_opened(build))
            undo.pop_all()
        return self._service

    def run(self, work: "Coroutine[Any, Any, T]") -> T:
        """Runs a coroutine on the loop and waits for its end; for threads other than the loop's."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def release(self) -> None:
        """Asks the service to let go of its work at once; returns without waiting."""
        if self._service is not None:
            self._loop.call_soon_threadsafe(self._service.release)

    def stop(self) -> None:
        """Closes the service and ends the loop."""
        try:
            if self._service is not None:
                self.run(self._service.close())
        finally:
            self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _opened(build: Callable[[], Service]) -> Service:
    service = build()
    await service.open()
    return service
