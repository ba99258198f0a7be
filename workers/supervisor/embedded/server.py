"""The seam by which the supervisor treats the embedded servers alike, and one way to run them."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from workers.supervisor.embedded.errors import EmbeddedServerError
from workers.supervisor.process import Account, ChildProcess, Launch

START_DEADLINE = timedelta(seconds=60)
STOP_GRACE = timedelta(seconds=15)
_READY_CHECK_S = 0.02


class EmbeddedServer(Protocol):
    """A server from a wheel. `prepare` comes first, and may run again before every start."""

    @property
    def name(self) -> str: ...

    @property
    def account(self) -> Account | None:
        """Whom to run it as; None for ourselves."""
        ...

    @property
    def stop_signal(self) -> signal.Signals: ...

    def prepare(self) -> None:
        """Makes its folders and waits for a predecessor to end. Raises EmbeddedError."""
        ...

    def command(self) -> list[str]: ...

    def environment(self) -> dict[str, str]:
        """What it needs beside the neutral variables; it does not inherit the supervisor's environment."""
        ...

    def ready(self) -> bool: ...


def launch_of(server: EmbeddedServer, log_path: Path) -> Launch:
    """What to start for a server that is prepared."""
    return Launch(
        name=server.name,
        command=tuple(server.command()),
        log_path=log_path,
        environment=server.environment(),
        inherits_environment=False,
        account=server.account,
        stop_signal=server.stop_signal,
        working_folder=Path("/"),  # ours may be out of the account's reach
    )


@contextmanager
def running(
    server: EmbeddedServer,
    log_path: Path,
    *,
    deadline: timedelta = START_DEADLINE,
    grace: timedelta = STOP_GRACE,
) -> Iterator[ChildProcess]:
    """Yields when the server is ready, and stops it afterwards. Raises EmbeddedError or ProcessStartError."""
    server.prepare()
    child = ChildProcess(launch_of(server, log_path))
    child.start()
    try:
        wait_ready(server, child, deadline)
        yield child
    finally:
        child.stop(grace)


def wait_ready(server: EmbeddedServer, child: ChildProcess, deadline: timedelta = START_DEADLINE) -> None:
    """Raises EmbeddedServerError, with the end of the log, if the server ends or is late."""
    until = time.monotonic() + deadline.total_seconds()
    while True:
        code = child.poll()
        if code is not None:
            raise _not_ready(child, f"ended with code {code} before it was ready")
        if server.ready():
            return
        if time.monotonic() > until:
            raise _not_ready(child, f"was not ready within {deadline.total_seconds():g} s")
        time.sleep(_READY_CHECK_S)


def _not_ready(child: ChildProcess, what: str) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"{child.name} {what}; the end of {child.launch.log_path}:\n{child.log_tail()}"
    )
