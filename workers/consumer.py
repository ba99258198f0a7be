"""Celery's consumer, with a pulse that other threads can feel.

Celery 5.7 says by no signal that its consumer lost the broker, and while it waits for one its hub does not
turn (`Consumer.ensure_connected` sleeps). So a stuck loop and a lost broker could not be told apart.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog
from celery.bootsteps import RUN
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

from staffel.observability.health import BEAT_S, HealthFile
from staffel.storage.broker import CONNECT_TIMEOUT_S, SOCKET_TIMEOUT_S
from workers.health import Children, ChildReports, Reporter

log = structlog.get_logger(__name__)

#: A consumer that waits for an answer of Redis for longer cannot take hints.
SILENT_AFTER_S = 3 * BEAT_S

#: How long the consumer's loop may wait for one answer of a Redis that is frozen.
SOCKET_WAIT_S = SOCKET_TIMEOUT_S + CONNECT_TIMEOUT_S

#: Between tries to reach Redis, at most.
RETRY_EVERY_S = 5


class Pulse:
    """When the consumer's loop last turned, and whether it is connected. Read from any thread."""

    def __init__(self) -> None:
        self.consumer: Any = None
        self.on_turn: Callable[[], None] | None = None
        self._turned_s = time.monotonic()

    def turn(self) -> None:
        """The consumer's loop turns: it consumes, or it waits for Redis between two tries."""
        self._turned_s = time.monotonic()
        if self.on_turn is not None:
            self.on_turn()

    def obstacle(self) -> str | None:
        """Why the consumer takes no hints now; None when it does."""
        consumer, silent_s = self.consumer, time.monotonic() - self._turned_s
        if consumer is None or consumer.blueprint.state is None:
            return "the consumer has not started yet"
        if consumer.blueprint.state != RUN:
            return "it is stopping"
        if consumer.connection is None or consumer.task_consumer is None:
            return "the consumer is not connected to Redis"
        if silent_s > SILENT_AFTER_S:
            return f"the consumer has not turned for {silent_s:.0f} s"
        return None


class ParentReport:
    """The report of a process that has no loop of ours: its children have, and Celery's consumer turns."""

    def __init__(self, pulse: Pulse, file: HealthFile, children: ChildReports) -> None:
        self._pulse = pulse
        self._children = children
        self._found: Children | None = None
        self._reporter = Reporter(file, [pulse.obstacle, self._obstacle], may_wait_s=SOCKET_WAIT_S)
        children.clear()

    def turn(self) -> None:
        """Keeps silent about a child that is stuck: then the whole process is started again."""
        processes = self._pulse.consumer.pool.info["processes"]
        self._found = self._children.look(processes, time.monotonic())
        if self._found.stuck:
            log.error("child_stuck", pids=self._found.stuck)
            return
        self._reporter.report()

    def _obstacle(self) -> str | None:
        return self._found.obstacle if self._found else None


class PulsingConsumer(Consumer):  # type: ignore[misc]
    """Turns the pulse by a timer of its hub, and while it waits for Redis."""

    def __init__(self, pulse: Pulse, *args: Any, **kwargs: Any) -> None:
        self._pulse = pulse
        super().__init__(*args, **kwargs)
        pulse.consumer = self
        self.timer.call_repeatedly(BEAT_S, pulse.turn)

    def ensure_connected(self, conn: Any) -> Any:
        """Once it is connected, what Celery does here returns at once."""
        conn.ensure_connection(
            self._not_connected,
            interval_start=1,
            interval_step=1,
            interval_max=RETRY_EVERY_S,
            callback=self._wait,
        )
        return super().ensure_connected(conn)

    def _wait(self) -> None:
        maybe_shutdown()
        self._pulse.turn()

    def _not_connected(self, error: Exception, again_in_s: float) -> None:
        log.warning("broker_unreachable", error=str(error), again_in_s=again_in_s)
