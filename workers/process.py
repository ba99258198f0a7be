"""What runs in this process: its loop and the service on it. The one place with state of the process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from redis.exceptions import RedisError

from staffel.contracts.errors import UnreachableError
from workers.runtime import Runtime, Service

S = TypeVar("S")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Process:
    """A started runtime with its one service."""

    runtime: Runtime
    service: Service
    grace_s: float

    def serving(self, kind: type[S]) -> S:
        """The service, when it is of this kind; a hint for another kind of worker is a programming error."""
        if not isinstance(self.service, kind):
            raise TypeError(f"this worker runs {type(self.service).__name__}, not {kind.__name__}")
        return self.service


_current: Process | None = None


def start(build: Callable[[], Service], *, grace_s: float) -> Process:
    """Starts the loop and builds the service on it."""
    global _current  # noqa: PLW0603 - Celery gives a task no other way to what its process holds
    runtime = Runtime()
    service = runtime.start(build)
    _current = Process(runtime, service, grace_s)
    return _current


def current() -> Process:
    if _current is None:
        raise RuntimeError("this process has not been started as a worker")
    return _current


def stop() -> None:
    global _current  # noqa: PLW0603 - see start
    if _current is not None:
        _current.runtime.stop()
        _current = None


def run(use: Callable[[Any], Any], kind: type[Any]) -> None:
    """Runs a coroutine of the service on its loop and waits for it.

    A hint that meets a server that is down is dropped: the reconciler sends another.
    """
    process = current()
    try:
        process.runtime.run(use(process.serving(kind)))
    except (UnreachableError, RedisError) as error:
        log.warning("hint_dropped", error=str(error))
