"""Real programs that report their health, on a real PostgreSQL and a Redis of their own."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from staffel.observability.health import HealthFile
from tests.support.fleet import FLEET
from tests.support.servers import Servers
from workers.supervisor.embedded.paths import EmbeddedPaths
from workers.supervisor.embedded.redis import EmbeddedRedis
from workers.supervisor.embedded.server import launch_of, wait_ready
from workers.supervisor.process import ChildProcess, Launch
from workers.supervisor.vitals import Vitals
from workers.supervisor.watch import Watched

STUCK_AFTER = timedelta(seconds=30)


def until(condition: Callable[[], object], what: str, within_s: float = 40) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


class Bench:
    """Programs on servers, one of which may be stopped and started."""

    def __init__(self, servers: Servers, folder: Path, stack: ExitStack) -> None:
        paths = EmbeddedPaths.of(folder / "home", runtime_root=folder, system_folder=folder / "system")
        self._server = EmbeddedRedis(paths)
        self._folder, self._stack = folder, stack
        self.start_redis()
        (folder / "fleet.toml").write_text(FLEET)
        self._environment = servers.environment(folder / "home") | {
            "STAFFEL_REDIS_URL": self._server.url(),
            "STAFFEL_FLEET_FILE": str(folder / "fleet.toml"),
            "STAFFEL_GRACE_S": "0",
        }

    def start_redis(self) -> None:
        self._server.prepare()
        self.redis = ChildProcess(launch_of(self._server, self._folder / "redis.log"))
        self.redis.start()
        self._stack.callback(self.redis.stop, timedelta(seconds=5))
        wait_ready(self._server, self.redis)

    def program(self, name: str, *arguments: str) -> Watched:
        launch = Launch(
            name=name,
            command=(sys.executable, "-m", "staffel.cli", *arguments),
            log_path=self._folder / f"{name}.log",
            environment=self._environment,
        )
        program = Watched(launch, vitals=Vitals(self.file(name), STUCK_AFTER))
        program.start()
        self._stack.callback(program.stop, timedelta(seconds=15))
        return program

    def file(self, name: str) -> HealthFile:
        return HealthFile.of(self._folder / "home", name)


@pytest.fixture
def bench(servers: Servers, server_folder: Path) -> Iterator[Bench]:
    folder = server_folder / "health"
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        yield Bench(servers, folder, stack)


def test_programs_are_ready_once_they_can_work_and_not_while_redis_is_away(bench: Bench) -> None:
    programs = [
        bench.program("worker-fast", "worker", "fast"),
        bench.program("classifier", "classifier"),
        bench.program("control", "control"),
    ]
    for program in programs:
        until(lambda program=program: program.why_not_ready() is None, f"{program.name} is ready")  # type: ignore[misc]
    bench.redis.stop(timedelta(seconds=5))
    for program in programs:
        until(program.why_not_ready, f"{program.name} is not ready")
    assert "Redis" in str(programs[0].why_not_ready())
    turned_s = {
        program.name: report.turned_s for program in programs if (report := bench.file(program.name).read())
    }
    for name, before_s in turned_s.items():
        until(
            lambda name=name, before_s=before_s: bench.file(name).read().turned_s > before_s, f"{name} turns"
        )  # type: ignore[misc, union-attr]
    bench.start_redis()
    for program in programs:
        until(lambda program=program: program.why_not_ready() is None, f"{program.name} is ready again")  # type: ignore[misc]
    assert not any(program.check() for program in programs)


def test_a_program_that_was_told_to_stop_leaves_no_report(bench: Bench) -> None:
    program = bench.program("worker-fast", "worker", "fast")
    until(lambda: program.why_not_ready() is None, "it is ready")
    program.ask_to_stop()
    until(lambda: not program.running, "it has ended")
    assert bench.file("worker-fast").read() is None


def test_a_child_of_the_classifier_that_is_frozen_silences_its_parent(bench: Bench) -> None:
    program = bench.program("classifier", "classifier")
    until(lambda: program.why_not_ready() is None, "it is ready")
    reports = bench.file("classifier").folder / "classifier"
    (child,) = [int(path.stem) for path in reports.glob("*.json")]
    os.kill(child, signal.SIGSTOP)
    try:
        until(
            lambda: "child processes" in str(program.why_not_ready()), "it says that its child does not turn"
        )
    finally:
        os.kill(child, signal.SIGCONT)
    until(lambda: program.why_not_ready() is None, "it is ready again")
