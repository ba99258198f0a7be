"""Runs a whole fleet on one machine until it is told to stop."""

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import structlog

from staffel.contracts.errors import ConfigurationError
from staffel.fleet import Fleet, load_fleet
from staffel.observability.health import health_files
from staffel.storage.migrations import migrate
from workers.settings import WorkerSettings
from workers.supervisor.embedded.errors import EmbeddedError
from workers.supervisor.plan import FlowerAccess, choose_flower, programs, vitals_of
from workers.supervisor.process import ProcessStartError
from workers.supervisor.run_files import RunFiles
from workers.supervisor.servers import Servers, plan_servers
from workers.supervisor.watch import Watched

log = structlog.get_logger(__name__)

CHECK_EVERY_S = 0.2

#: Beyond the grace for running calls: writing what they left, and ending the process.
STOP_MARGIN = timedelta(seconds=7)
SERVER_GRACE = timedelta(seconds=15)

#: Who is not ready after this is named; it may be ready later.
READY_WITHIN_S = 60.0

Tell = Callable[[str], None]


class Supervisor:
    """Servers first, each ready before the next; then the programs; stopped in the reverse order."""

    def __init__(
        self, settings: WorkerSettings, *, flower: bool, flower_port: int | None, tell: Tell
    ) -> None:
        self._settings = settings
        self._fleet: Fleet = load_fleet(settings.fleet_path())
        self._files = RunFiles(settings.home)
        self._flower: FlowerAccess | None = choose_flower(flower_port) if flower else None
        self._tell = tell
        self._servers = Servers()
        self._programs: list[Watched] = []
        self._stop_requests = 0
        self._ready_by: float | None = None

    def run(self) -> None:
        """Returns after a clean stop. Raises ConfigurationError, EmbeddedError, UnreachableError."""
        with self._files.locked():
            self._listen_for_stop()
            try:
                self._start()
                self._watch()
            finally:
                self._stop()

    def _start(self) -> None:
        self._servers = plan_servers(self._settings, self._fleet)
        for server in self._servers.embedded:
            self._tell(f"starting {server.name}")
        self._servers.start(self._files.log_folder)
        if self._stop_requests:
            return
        self._tell("migrating the database")
        migrate(self._servers.database_url)
        self._start_programs()
        self._files.write_endpoints(self._endpoints())
        self._write_processes()
        self._tell_addresses()

    def _start_programs(self) -> None:
        launches = programs(
            self._settings, self._fleet, self._servers.environment(), self._flower, self._files.log_folder
        )
        self._tell(f"starting {', '.join(launch.name for launch in launches)}")
        for left in health_files(self._settings.home):
            left.remove()
        self._programs = [Watched(launch, vitals=vitals_of(launch, self._settings)) for launch in launches]
        for program in self._programs:
            program.start()
        self._ready_by = time.monotonic() + READY_WITHIN_S

    def _watch(self) -> None:
        while not self._stop_requests:
            changed = [watched.check() for watched in (*self._servers.watched, *self._programs)]
            if any(changed):
                self._write_processes()
            self._tell_when_ready()
            time.sleep(CHECK_EVERY_S)

    def _tell_when_ready(self) -> None:
        """Once: that all can take work, or, when it takes too long, who cannot and why."""
        if self._ready_by is None:
            return
        missing = [f"{p.name} ({why})" for p in self._programs if (why := p.why_not_ready())]
        if missing and time.monotonic() < self._ready_by:
            return
        self._tell(f"warning  not ready: {', '.join(missing)}" if missing else "ready")
        self._ready_by = None

    def _stop(self) -> None:
        """Programs together, with time for running calls; then the servers, last started first."""
        running = [program for program in self._programs if program.running]
        if running:
            self._tell("draining: running jobs may end, the rest goes back into the queue")
        for program in running:
            program.ask_to_stop()
        self._wait_for(running, timedelta(seconds=self._settings.grace_s) + STOP_MARGIN)
        for program in running:
            program.stop(timedelta(0))
        for server in reversed(self._servers.watched):
            server.stop(SERVER_GRACE)
        self._tell("stopped")

    def _wait_for(self, running: list[Watched], grace: timedelta) -> None:
        """Until all have ended; a second request to stop cuts the waiting short."""
        until = time.monotonic() + grace.total_seconds()
        first = self._stop_requests
        while any(program.running for program in running) and time.monotonic() < until:
            if self._stop_requests > max(first, 1):
                self._tell("stopping at once")
                return
            time.sleep(CHECK_EVERY_S / 4)

    def _listen_for_stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stop_requests += 1

    def _endpoints(self) -> dict[str, Any]:
        flower = self._flower
        return {
            "database_url": self._servers.database_url,
            "redis_url": self._servers.redis_url,
            "embedded_base_url": self._servers.embedded_base_url,
            "flower_url": flower.url if flower else None,
            "flower_user": flower.user if flower else None,
            "flower_password": flower.password if flower else None,
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _write_processes(self) -> None:
        self._files.write_processes([w.state() for w in (*self._servers.watched, *self._programs)])

    def _tell_addresses(self) -> None:
        pools = ", ".join(
            f"{pool.tier} ({name}, {pool.slots} slots)" for name, pool in self._fleet.pools.items()
        )
        self._tell(f"pools    {pools}")
        for tier in self._fleet.tiers_without_pool():
            self._tell(f"warning  no pool serves {tier}: its jobs wait")
        self._tell(f"logs     {self._files.log_folder}")
        if self._flower is not None:
            self._tell(
                f"Flower   {self._flower.url}  user {self._flower.user}  password {self._flower.password}"
            )
        self._tell("the fleet runs; Ctrl-C drains and stops it")


def supervise(settings: WorkerSettings, *, flower: bool, flower_port: int | None, tell: Tell) -> None:
    """Runs the fleet; what the embedded servers complain about becomes one clear ConfigurationError."""
    try:
        Supervisor(settings, flower=flower, flower_port=flower_port, tell=tell).run()
    except (EmbeddedError, ProcessStartError) as error:
        raise ConfigurationError(str(error)) from error
