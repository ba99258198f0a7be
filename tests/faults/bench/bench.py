"""Real processes that a scenario may kill, stop and starve; nothing in them knows of the bench."""

import asyncio
import os
import random
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import redis
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from producer.submission import AcceptedBatch, Submission, Submitted
from staffel.contracts.requests import BatchRequest, JobRequest
from staffel.fleet import load_fleet
from staffel.observability.health import HealthFile
from staffel.routing_state import routing_state
from staffel.storage.broker import connect_redis
from staffel.storage.database import Database
from staffel.storage.hints import HintSender
from staffel.storage.migrations import migrate
from staffel.storage.repositories.jobs import JobFilter
from staffel.storage.wakes import Wakes
from tests.faults.bench.fleet import Shape
from workers.celery_app import create_app
from workers.supervisor.embedded.paths import EmbeddedPaths
from workers.supervisor.embedded.postgres import EmbeddedPostgres
from workers.supervisor.embedded.redis import EmbeddedRedis
from workers.supervisor.embedded.server import EmbeddedServer, launch_of, wait_ready
from workers.supervisor.process import ChildProcess, Launch
from workers.supervisor.vitals import Vitals
from workers.supervisor.watch import Watched

TURN_S = 0.05
TENANT = "default"
TABLES = (
    "callbacks, costs, results, calls, attempts, routing_decisions, payloads, jobs, "
    "idempotency_keys, batches, tenant_tiers"
)


@dataclass
class Bench:
    """A fleet of a shape. `turn` plays the supervisor: what died is started again."""

    folder: Path
    shape: Shape
    seed: int
    chance: random.Random = field(init=False)
    programs: dict[str, Watched] = field(default_factory=dict)
    servers: dict[str, ChildProcess] = field(default_factory=dict)
    faults: int = 0
    recovery_s: float = 0.0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        paths = EmbeddedPaths.of(
            self.folder / "home", runtime_root=self.folder, system_folder=self.folder / "system"
        )
        self.embedded: dict[str, EmbeddedServer] = {
            "postgres": EmbeddedPostgres(paths),
            "redis": EmbeddedRedis(paths),
        }
        self.runner = asyncio.Runner()

    # -- the life of the bench

    def start(self) -> None:
        for name in self.embedded:
            self.start_server(name)
        self.database_url = self.embedded["postgres"].url()  # type: ignore[attr-defined]
        self.redis_url = self.embedded["redis"].url()  # type: ignore[attr-defined]
        migrate(self.database_url)
        self.engine: Engine = create_engine(self.database_url, pool_size=2, pool_pre_ping=True)
        self.redis = redis.Redis.from_url(self.redis_url)
        self._start_provider()
        self.fleet_file = self.folder / "fleet.toml"
        self.fleet_file.write_text(self.shape.toml(self.provider_url))
        self._open_client()
        for name, arguments in self._programs():
            self.start_program(name, *arguments)

    def stop(self) -> None:
        for program in self.programs.values():
            self.resume(program.name)
            program.ask_to_stop()
        for program in self.programs.values():
            program.stop(timedelta(seconds=8))
        self.runner.run(self._close_client())
        self.runner.close()
        self.engine.dispose()
        self.redis.close()
        self.http.close()
        for server in reversed(self.servers.values()):
            server.send(signal.SIGCONT)
            server.stop(timedelta(seconds=10))

    def reset(self, seed: int) -> None:
        """Empties everything and waits until every program runs."""
        self.seed, self.faults, self.recovery_s = seed, 0, 0.0
        self.chance = random.Random(seed)
        self.play()
        for name in self.programs:
            self.resume(name)
        self.until(lambda: all(program.running for program in self.programs.values()), 60, "programs run")
        self.until(self._truncated, 20, "the tables are empty")
        self.redis.flushall()
        self.http.delete("/_ledger").raise_for_status()
        self.until(lambda: bool(self.redis.exists("staffel:epoch")), 20, "the control process turns")

    # -- programs and servers

    def start_program(self, name: str, *arguments: str, **environment: str) -> None:
        launch = Launch(
            name=name,
            command=(sys.executable, "-m", "staffel.cli", *arguments),
            log_path=self.folder / f"{name}.log",
            environment=self.environment() | {"STAFFEL_HEALTH_NAME": name} | environment,
        )
        stuck_after = timedelta(seconds=self.shape.stuck_after_s)
        program = Watched(launch, vitals=Vitals(HealthFile.of(self.folder / "home", name), stuck_after))
        program.start()
        self.programs[name] = program

    def retire(self, name: str) -> None:
        """Stops a program for good, as a scale-in does."""
        self.faults += 1
        program = self.programs.pop(name)
        program.ask_to_stop()
        program.stop(timedelta(seconds=15))

    def control(self, command: str, worker: str, n: int) -> None:
        """A remote control command to one worker, as an autoscaler sends it."""
        self.faults += 1
        app = create_app(self.redis_url, name="bench")
        app.control.broadcast(command, arguments={"n": n}, destination=[f"{worker}@{socket.gethostname()}"])
        app.close()

    def fleet_with(self, **slots: int) -> str:
        """The path of a fleet file with other numbers of slots."""
        path = self.folder / "other-fleet.toml"
        path.write_text(Shape(slots=self.shape.slots | slots).toml(self.provider_url))
        return str(path)

    def environment(self) -> dict[str, str]:
        return self.shape.settings() | {
            "STAFFEL_DATABASE_URL": self.database_url,
            "STAFFEL_REDIS_URL": self.redis_url,
            "STAFFEL_FLEET_FILE": str(self.fleet_file),
            "STAFFEL_HOME": str(self.folder / "home"),
        }

    def start_server(self, name: str) -> None:
        server = self.embedded[name]
        server.prepare()
        child = self.servers[name] = ChildProcess(launch_of(server, self.folder / f"{name}.log"))
        child.start()
        wait_ready(server, child)

    def kill_server(self, name: str) -> None:
        self.faults += 1
        self.servers[name].send(signal.SIGKILL)
        self.servers[name].wait(timedelta(seconds=10))

    def freeze_server(self, name: str, seconds: float) -> None:
        self.faults += 1
        self.servers[name].send(signal.SIGSTOP)
        self.pause(seconds)
        self.servers[name].send(signal.SIGCONT)

    def forget_redis_file(self) -> None:
        """What a Redis without an append-only file would have: nothing."""
        shutil.rmtree(self.folder / "home" / "redis")

    def pause(self, seconds: float) -> None:
        """Lets a fault last; the supervisor's part goes on."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.turn()

    def kill(self, name: str) -> None:
        """kill -9 of a program; the supervisor's part starts it again."""
        self.faults += 1
        self.programs[name].child.send(signal.SIGKILL)
        self.programs[name].child.wait(timedelta(seconds=10))

    def send(self, name: str, number: signal.Signals) -> None:
        self.faults += 1
        self.programs[name].child.send(number)

    def resume(self, name: str) -> None:
        self.programs[name].child.send(signal.SIGCONT)

    def workers(self, pool: str = "") -> list[str]:
        return [name for name in self.programs if name.startswith(f"worker-{pool}")]

    # -- work

    def submit(self, count: int, **fields: Any) -> AcceptedBatch:
        """A batch of jobs, each with a marker that the provider's ledger shows."""
        return self.submit_requests([self.request(**fields) for _ in range(count)])

    def submit_requests(self, requests: Sequence[JobRequest], tenant: str = TENANT) -> AcceptedBatch:
        items = [Submitted(request) for request in requests]
        return self.run(self.submission.submit_batch(tenant, BatchRequest(), items))

    def submit_bulk(self, count: int, *, tenant: str = TENANT, priority: int = 7) -> None:
        """Many alike, in bites, with one marker a bite."""
        for start in range(0, count, 5_000):
            alike = self.request(priority=priority)
            self.submit_requests([alike] * min(5_000, count - start), tenant)

    def cancel(self, *job_ids: UUID) -> None:
        """As the command line does: the rows, then the wake."""
        self.run(self._cancel(JobFilter(TENANT, job_ids=job_ids)))

    def cancel_all(self) -> None:
        for tenant in {row["tenant_id"] for row in self.rows("SELECT DISTINCT tenant_id FROM jobs")}:
            self.run(self._cancel(JobFilter(tenant)))

    async def _cancel(self, which: JobFilter) -> None:
        async with self.database.transaction() as tx:
            touched = await tx.jobs.cancel(which)
            await tx.batches.close_if_done([row["batch_id"] for row in touched if row["batch_id"]])
        await Wakes(self.client_redis).cancel([row["id"] for row in touched if row["state"] == "running"])

    def let_waiting_jobs_run(self) -> None:
        """What waits for its next try is due now."""
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE jobs SET run_at = now() WHERE state = 'queued'"))

    def in_seconds(self, seconds: float) -> str:
        return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()

    def state_of(self, job_id: UUID) -> str:
        return str(self.value("SELECT state FROM jobs WHERE id = :id", id=job_id))

    def ended_of(self, tenant: str) -> int:
        query = "SELECT count(*) FROM jobs WHERE tenant_id = :tenant AND state = 'succeeded'"
        return int(self.value(query, tenant=tenant))

    def kill_children(self, name: str) -> None:
        """kill -9 of what a program forked; the program itself lives."""
        self.faults += 1
        self.until(lambda: self.programs[name].running, 20, f"{name} runs")
        for child in psutil.Process(self.programs[name].child.pid).children():
            child.kill()

    def request(self, **fields: Any) -> JobRequest:
        marker = f"{self.chance.getrandbits(64):016x}"
        given = {
            "prompt": f"[[id:{marker}]] Say something.",
            "tier": "fast-1.5b",
            "strategy": "fixed",
        } | fields
        return JobRequest.model_validate(given | {"metadata": {"marker": marker}})

    def play(self, *rules: dict[str, Any]) -> None:
        """The provider's script from now on; none: plain answers."""
        self.http.put("/_script", json=list(rules)).raise_for_status()

    def ledger(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.http.get("/_ledger").raise_for_status().json()
        return entries

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    # -- looking and waiting

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def value(self, query: str, **values: Any) -> Any:
        return next(iter(self.rows(query, **values)[0].values()))

    def turn(self) -> None:
        for program in self.programs.values():
            program.check()
        time.sleep(TURN_S)

    def until(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """Waits for a condition; returns how long it took. A database that is away counts as not yet."""
        started = time.monotonic()
        while not self._holds(condition):
            if time.monotonic() - started > seconds:
                raise AssertionError(f"not within {seconds:g} s: {what}; {self.describe()}")
            self.turn()
        return time.monotonic() - started

    def until_without_restarts(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Like `until`, but nobody starts what ended."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise AssertionError(f"not within {seconds:g} s: {what}; {self.describe()}")
            time.sleep(TURN_S)

    def recover(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """Waits for a recovery and remembers the longest."""
        took = self.until(condition, seconds, what)
        self.recovery_s = max(self.recovery_s, took)
        return took

    def rest(self, seconds: float = 60) -> None:
        """Waits until nothing is open: no job, no call, no batch."""
        self.until(lambda: not any(self.open().values()), seconds, "everything has come to rest")

    def open(self) -> dict[str, int]:
        return self.rows(
            """SELECT (SELECT count(*) FROM jobs WHERE finished_at IS NULL) AS jobs,
                      (SELECT count(*) FROM calls WHERE state = 'intended') AS calls,
                      (SELECT count(*) FROM batches WHERE finished_at IS NULL) AS batches"""
        )[0]

    def ended(self) -> int:
        return int(self.value("SELECT count(*) FROM jobs WHERE finished_at IS NOT NULL"))

    def running(self) -> int:
        return int(self.value("SELECT count(*) FROM jobs WHERE state = 'running'"))

    def describe(self) -> str:
        try:
            states = self.rows("SELECT state, tier, count(*) AS jobs FROM jobs GROUP BY 1, 2 ORDER BY 1, 2")
        except DBAPIError as error:
            return f"the database is away: {type(error.orig).__name__}"
        return f"{states}, open {self.open()}, logs in {self.folder}"

    # -- parts

    def _holds(self, condition: Callable[[], bool]) -> bool:
        try:
            return condition()
        except (DBAPIError, redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            return False

    def _truncated(self) -> bool:
        """Programs that turn meanwhile may win a deadlock: then once more."""
        with self.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {TABLES} CASCADE"))
        return True

    def _programs(self) -> Sequence[tuple[str, tuple[str, ...]]]:
        shape = self.shape
        controls = [(f"control-{n}", ("control",)) for n in range(1, shape.controls + 1)]
        workers = [
            (f"worker-{pool}-{n}", ("worker", pool, "--replica", str(n)))
            for pool, replicas in shape.replicas.items()
            for n in range(1, replicas + 1)
        ]
        return [*controls, ("classifier", ("classifier",)), *workers]

    def _start_provider(self) -> None:
        port_file = self.folder / "provider-port"
        options = ("--port-file", str(port_file), "--ledger", str(self.folder / "ledger.jsonl"))
        launch = Launch(
            name="provider",
            command=(sys.executable, "-m", "workers.scripted_provider", *options, "--seed", str(self.seed)),
            log_path=self.folder / "provider.log",
            environment=dict(os.environ),
        )
        child = self.servers["provider"] = ChildProcess(launch)
        child.start()
        self.until(port_file.exists, 30, "the provider listens")
        self.provider_url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        self.http = httpx.Client(base_url=self.provider_url, trust_env=False, timeout=30)

    def _open_client(self) -> None:
        async def build() -> Submission:
            self.database = Database(self.database_url, pool_size=2, name="bench", pre_ping=True)
            self.client_redis = connect_redis(self.redis_url)
            state = routing_state(load_fleet(self.fleet_file))
            return Submission(self.database, HintSender(self.client_redis), state)

        self.submission = self.run(build())

    async def _close_client(self) -> None:
        await self.database.close()
        await self.client_redis.aclose()
