"""`staffel up`, `down` and `status`: a whole fleet on one machine."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from staffel.contracts.errors import StaffelError
from staffel.observability.health import HealthFile
from staffel.observability.logs import configure_logging
from workers.commands.health import verdict_of
from workers.settings import WorkerSettings
from workers.supervisor.run_files import ProcessState, RunFiles

if TYPE_CHECKING:
    from rich.console import Console

DOWN_DEADLINE_S = 60.0
NOT_RUNNING = 3


def register(app: typer.Typer) -> None:
    for command in (up, down, status):
        app.command(rich_help_panel="Fleet")(command)


def up(
    flower: Annotated[bool, typer.Option(help="Start Flower, on loopback, behind a fresh password.")] = True,
    flower_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="A free one if not given.")
    ] = None,
) -> None:
    """Start the whole fleet here and keep it running; Ctrl-C drains and stops it.

    PostgreSQL, Redis and a small model are started too, unless STAFFEL_DATABASE_URL and STAFFEL_REDIS_URL
    name others. Everything lives below STAFFEL_HOME (.staffel).
    """
    from workers.supervisor.supervisor import supervise

    settings = WorkerSettings()
    configure_logging(level="WARNING" if settings.log_level == "INFO" else settings.log_level)
    supervise(settings, flower=flower, flower_port=flower_port, tell=lambda line: typer.echo(line, err=True))


def down() -> None:
    """Drain and stop the fleet that runs here."""
    files = RunFiles(WorkerSettings().home)
    pid = files.pid()
    if pid is None:
        typer.echo("no fleet runs here", err=True)
        return
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + DOWN_DEADLINE_S
    while files.pid() == pid:
        if time.monotonic() > until:
            typer.echo(f"error: process {pid} has not ended within {DOWN_DEADLINE_S:g} s", err=True)
            raise typer.Exit(1)
        time.sleep(0.1)
    typer.echo("stopped", err=True)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show what runs here and what waits; exit code 3 when no fleet runs."""
    settings = WorkerSettings()
    files = RunFiles(settings.home)
    pid = files.pid()
    report = {
        "running": pid is not None,
        "pid": pid,
        "flower_url": files.endpoints().get("flower_url"),
        "processes": [_with_health(process, settings) for process in files.processes()] if pid else [],
        "backlog": _backlog(settings),
        "circuits": _circuits(settings),
    }
    if as_json:
        typer.echo(json.dumps(report))
    else:
        _print(report)
    if pid is None and settings.database_url is None:
        raise typer.Exit(NOT_RUNNING)


def _with_health(process: ProcessState, settings: WorkerSettings) -> dict[str, Any]:
    """`ready` is None for those that report no health: servers, Flower, and what starts just now."""
    file = HealthFile.of(settings.home, process.name)
    reported = process.state != "waiting" and file.path.exists()
    if not reported:
        return asdict(process) | {"ready": None, "why_not": None}
    verdict = verdict_of(file, settings.stuck_after_s)
    return asdict(process) | {"ready": verdict.ready, "why_not": verdict.why_not}


def _backlog(settings: WorkerSettings) -> list[dict[str, Any]] | None:
    """Open jobs a tier and state; None when the database cannot be asked."""
    from staffel.storage.database import Database

    async def ask() -> list[dict[str, Any]]:
        database = Database(settings.require_database_url(), pool_size=1, name="staffel-status")
        try:
            async with database.transaction() as tx:
                return [dict(row) for row in await tx.reports.backlog()]
        finally:
            await database.close()

    try:
        return asyncio.run(ask())
    except StaffelError:
        return None


def _circuits(settings: WorkerSettings) -> list[dict[str, Any]] | None:
    """Providers that are not asked because they failed; None when Redis cannot be asked."""
    from redis.exceptions import RedisError

    from staffel.storage.broker import connect_redis
    from staffel.storage.circuits import open_circuits

    async def ask() -> list[dict[str, Any]]:
        async with connect_redis(settings.require_redis_url()) as redis:
            return [asdict(circuit) for circuit in await open_circuits(redis)]

    try:
        return asyncio.run(ask())
    except (StaffelError, RedisError):
        return None


def _print(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not report["running"]:
        console.print("no fleet runs here; `staffel up` starts one")
    else:
        table = Table("process", "pid", "state", "ready", "restarts", "since", "last end")
        for process in report["processes"]:
            table.add_row(
                process["name"],
                str(process["pid"] or ""),
                process["state"],
                "yes" if process["ready"] else process["why_not"] or "",
                str(process["restarts"]),
                process["started_at"] or "",
                process["last_end"] or "",
            )
        console.print(table)
        console.print(f"Flower: {report['flower_url'] or 'off'}")
    _print_circuits(console, report["circuits"])
    if report["backlog"] is None:
        console.print("the database cannot be reached")
        return
    waiting = Table("tier", "state", "jobs")
    for row in report["backlog"]:
        waiting.add_row(row["tier"] or "(not classified)", row["state"], str(row["jobs"]))
    console.print(waiting if report["backlog"] else "nothing waits or runs")


def _print_circuits(console: "Console", circuits: Sequence[dict[str, Any]] | None) -> None:
    from rich.table import Table

    if circuits is None:
        console.print("Redis cannot be reached")
        return
    if circuits:
        table = Table("provider that does not answer", "circuit", "tried again in", "openings")
        for circuit in circuits:
            row = (circuit["circuit"], circuit["state"], f"{circuit['probe_in_s']:.0f} s")
            table.add_row(*row, str(circuit["openings"]))
        console.print(table)
