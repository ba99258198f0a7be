"""The programs of the machine room, each run in a process of its own until it is told to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery import signals

from staffel.contracts.tiers import Queue
from staffel.fleet import load_fleet
from staffel.observability.health import HealthFile
from staffel.observability.logs import configure_logging
from workers import broken_messages, process
from workers.bootstrap import classifier_service, control_service, executor_service, require_pool
from workers.celery_app import create_app
from workers.health import ChildReports, DatabaseCheck, Reporter, health_file
from workers.services import ClassifierService, ExecutorService
from workers.settings import WorkerSettings

if TYPE_CHECKING:
    from workers.consumer import Pulse

POOL_CLASS = "workers.pool:SlotPool"


def run_worker(settings: WorkerSettings, replica: int = 1) -> None:
    """Serves one pool: as many slots as it declares."""
    os.environ["CELERY_CUSTOM_WORKER_POOL"] = POOL_CLASS  # read where Celery's consumer is imported
    from workers.consumer import Pulse

    pool_name = require_pool(settings)
    pool = load_fleet(settings.fleet_path()).pools[pool_name]
    place = pool_name if replica == 1 else f"{pool_name}-{replica}"
    name = f"{pool.tier}.{place}@{socket.gethostname()}"
    pulse = Pulse()

    def build() -> ExecutorService:
        service = executor_service(settings, f"{name}:{os.getpid()}")
        service.reporter = Reporter(
            health_file(settings, f"worker-{place}"),
            [pulse.obstacle],
            check=DatabaseCheck(service.connections.database),
        )
        return service

    process.start(build, grace_s=settings.grace_s)
    try:
        _serve(settings, pulse, queue=pool.tier, name=name, slots=pool.slots, pool="custom")
    finally:
        process.stop()


def run_classifier(settings: WorkerSettings, processes: int) -> None:
    """Serves the classify queue with child processes: classification is CPU work."""
    from workers.consumer import ParentReport, Pulse

    file = health_file(settings, "classifier")
    children = file.folder / file.name
    signals.worker_process_init.connect(lambda **_: _start_classifier(settings, children), weak=False)
    signals.worker_process_shutdown.connect(lambda **_: process.stop(), weak=False)
    pulse = Pulse()
    pulse.on_turn = ParentReport(pulse, file, ChildReports(children, settings.stuck_after_s)).turn
    name = f"classify.classifier@{socket.gethostname()}"
    try:
        _serve(settings, pulse, queue=Queue.CLASSIFY, name=name, slots=processes, pool="prefork")
    finally:
        file.remove()


def run_control(settings: WorkerSettings) -> None:
    """Runs the reconciler, which also tops up the windows."""
    asyncio.run(_until_told(settings))


def run_flower(settings: WorkerSettings, arguments: Sequence[str]) -> None:
    """Runs Flower on the fleet's broker; its access control stands in the arguments."""
    app = create_app(settings.require_redis_url(), name="flower")
    # Flower 2.2 sorts the queues together with the default one (views/__init__.py), and None has no order.
    app.conf.task_default_queue = Queue.CLASSIFY.value
    app.start(["flower", *arguments])


def _serve(settings: WorkerSettings, pulse: "Pulse", *, queue: str, name: str, slots: int, pool: str) -> None:
    from workers.consumer import PulsingConsumer

    signals.setup_logging.connect(lambda **_: _logging(settings), weak=False)
    broken_messages.install()
    app = create_app(
        settings.require_redis_url(),
        name=queue,
        slots=slots,
        hint_lost_after_s=settings.hint_lost_after_s,
    )
    app.conf.worker_consumer = partial(PulsingConsumer, pulse)
    app.worker_main(
        [
            "worker",
            f"--pool={pool}",
            f"--queues={queue}",
            f"--concurrency={slots}",
            f"--hostname={name}",
            f"--loglevel={settings.log_level}",
            "--without-gossip",
            "--without-mingle",
            "--events",
        ]
    )


def _start_classifier(settings: WorkerSettings, reports: Path) -> None:
    """In each child process, after the fork."""
    _logging(settings)

    def build() -> ClassifierService:
        service = classifier_service(settings)
        check = DatabaseCheck(service.connections.database)
        service.reporter = Reporter(HealthFile(reports, str(os.getpid())), [], check=check)
        return service

    process.start(build, grace_s=settings.grace_s)


def _logging(settings: WorkerSettings) -> None:
    configure_logging(level=settings.log_level, form=settings.log_format)


async def _until_told(settings: WorkerSettings) -> None:
    service = control_service(settings)
    service.reporter = Reporter(health_file(settings, "control"), [service.reconciler.obstacle])
    work: asyncio.Task[Any] = asyncio.ensure_future(service.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    await asyncio.gather(work, return_exceptions=True)
