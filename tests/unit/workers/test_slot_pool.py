"""The pool of slots: it grows, shrinks, drains, and survives what its work raises."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from workers import process
from workers.pool import SlotPool


class TinyService:
    """Counts what it is told; `release` ends the work that waits for `let_go`."""

    def __init__(self, let_go: threading.Event) -> None:
        self.let_go = let_go
        self.closed = False

    async def open(self) -> None:
        """Nothing to connect."""

    async def close(self) -> None:
        self.closed = True

    def release(self) -> None:
        self.let_go.set()

    async def double(self, number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    """A started process whose grace is short; the event is set when it releases its work."""
    event = threading.Event()
    process.start(lambda: TinyService(event), grace_s=0.2)
    yield event
    event.set()
    process.stop()


def started(slots: int) -> SlotPool:
    pool = SlotPool(limit=slots, putlocks=False)
    pool.on_start()
    return pool


def give(pool: SlotPool, work: Callable[..., Any], *args: Any) -> None:
    pool.on_apply(work, args, {}, lambda *_: None, lambda *_: None)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.002)


def idle(pool: SlotPool) -> bool:
    return not any(thread.is_alive() for thread in pool._threads)


def test_as_many_pieces_of_work_run_at_once_as_there_are_slots(let_go: threading.Event) -> None:
    pool, meeting = started(3), threading.Barrier(4)
    for _ in range(3):
        give(pool, meeting.wait, 5)
    meeting.wait(5)
    assert pool.num_processes == 3
    pool.on_stop()
    until(lambda: idle(pool))


def test_a_pool_grows_and_shrinks_without_cutting_running_work(let_go: threading.Event) -> None:
    pool, stay, done = started(1), threading.Event(), threading.Event()

    def work() -> None:
        stay.wait(5)
        done.set()

    give(pool, work)
    pool.grow(2)
    meeting = threading.Barrier(3)
    for _ in range(2):
        give(pool, meeting.wait, 5)
    meeting.wait(5)
    pool.shrink(2)
    until(lambda: len(pool._threads) == 1)
    assert pool.num_processes == 1
    assert not done.is_set()
    stay.set()
    until(done.is_set)
    pool.on_stop()
    until(lambda: idle(pool))


def test_work_that_raises_does_not_cost_a_slot(let_go: threading.Event) -> None:
    pool, done = started(1), threading.Event()
    give(pool, divmod, 1, 0)
    give(pool, done.set)
    until(done.is_set)
    assert len(pool._threads) == 1
    pool.on_stop()
    until(lambda: idle(pool))


def test_a_warm_shutdown_lets_work_end_within_its_grace(let_go: threading.Event) -> None:
    pool, began, done = started(1), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        time.sleep(0.05)
        done.set()

    give(pool, work)
    began.wait(5)
    pool.on_stop()
    assert done.is_set()
    until(lambda: idle(pool))


def test_work_that_was_taken_and_not_begun_counts_as_running(let_go: threading.Event) -> None:
    pool, done = SlotPool(limit=1, putlocks=False), threading.Event()
    give(pool, done.set)
    threading.Timer(0.05, pool.on_start).start()
    pool.on_stop()
    assert done.is_set()
    until(lambda: idle(pool))


def test_after_its_grace_running_work_is_released_and_its_end_is_waited_for(let_go: threading.Event) -> None:
    pool, began, written = started(2), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        let_go.wait(5)
        written.set()

    give(pool, work)
    began.wait(5)
    pool.on_stop()
    assert written.is_set()
    until(lambda: idle(pool))


def test_a_cold_shutdown_releases_at_once(let_go: threading.Event) -> None:
    pool, began = started(1), threading.Event()

    def work() -> None:
        began.set()
        let_go.wait(5)

    give(pool, work)
    began.wait(5)
    before = time.monotonic()
    pool.on_terminate()
    assert time.monotonic() - before < 0.2
    until(lambda: idle(pool))


def test_many_slots_end_together(let_go: threading.Event) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(3):
            pool = started(60)
            pool.on_terminate()
            until(lambda pool=pool: idle(pool))  # type: ignore[misc]
            assert not pool._threads
    finally:
        sys.setswitchinterval(before)


def test_what_a_process_serves_is_reached_from_its_threads(let_go: threading.Event) -> None:
    current = process.current()
    assert current.runtime.run(current.serving(TinyService).double(21)) == 42
    with pytest.raises(TypeError, match="this worker runs TinyService, not int"):
        current.serving(int)
