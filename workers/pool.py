"""A Celery pool of threads that can grow, shrink, be cancelled and drain.

Celery's own thread pool can do none of these (celery 5.7: no `grow`, time limits ignored, shutdown waits
for ever). A thread here only waits for a coroutine on the process's event loop.
"""

import itertools
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import structlog
from celery.concurrency.base import BasePool, apply_target
from celery.worker import state

from workers import process

log = structlog.get_logger(__name__)

POLL_S = 0.05

#: After the release of running jobs, how long their ends may take to be written.
RELEASE_S = 5.0

Work = Callable[[], None]


class SlotPool(BasePool):  # type: ignore[misc]
    """One thread a slot. Every thread takes the next piece of work, or a None that ends it."""

    signal_safe = False
    body_can_be_buffer = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._threads: set[threading.Thread] = set()
        self._names = itertools.count(1)
        self._busy = 0  # pieces of work that were taken and have not ended
        self._lock = threading.Lock()

    def on_start(self) -> None:
        self._add_threads(self.limit)

    def on_apply(
        self,
        target: Callable[..., Any],
        args: Any = None,
        kwargs: Any = None,
        callback: Callable[..., Any] | None = None,
        accept_callback: Callable[..., Any] | None = None,
        **_: Any,
    ) -> None:
        def work() -> None:
            apply_target(target, args, kwargs, callback, accept_callback)

        with self._lock:
            self._busy += 1
        self._work.put(work)

    def grow(self, n: int = 1) -> None:
        self.limit += n
        self._add_threads(n)

    def shrink(self, n: int = 1) -> None:
        """Ends n threads as they become idle; running jobs are not cut."""
        self.limit -= n
        for _ in range(n):
            self._work.put(None)

    def terminate_job(self, pid: int, signal: Any = None) -> None:  # noqa: ARG002
        """Celery's `revoke(terminate=True)` names no job of ours: cancelling goes through the database."""
        log.warning("revoke_ignored", hint="use `staffel jobs cancel`")

    def on_stop(self) -> None:
        """Warm shutdown: running jobs get the grace period, then their leases are given back."""
        self._drain(process.current().grace_s)
        self._end()

    def on_terminate(self) -> None:
        """Cold shutdown: leases are given back at once."""
        self._end()

    def _end(self) -> None:
        process.current().runtime.release()
        self._drain(RELEASE_S)
        threads = list(self._threads)
        for _ in threads:
            self._work.put(None)
        for thread in threads:
            thread.join(timeout=POLL_S)

    def _drain(self, seconds: float) -> None:
        """Waits until all that was taken has ended, at most so long; a cold shutdown cuts that short."""
        until = time.monotonic() + seconds
        while self._busy and time.monotonic() < until and state.should_terminate is None:
            time.sleep(POLL_S)

    def _add_threads(self, n: int) -> None:
        for _ in range(n):
            thread = threading.Thread(target=self._serve, name=f"slot-{next(self._names)}", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                log.exception("slot_failed")
            finally:
                with self._lock:
                    self._busy -= 1
        self._threads.discard(threading.current_thread())

    @property
    def num_processes(self) -> int:
        return int(self.limit)

    def _get_info(self) -> dict[str, Any]:
        return super()._get_info() | {"slots": self.limit, "busy": self._busy}  # type: ignore[no-any-return]
