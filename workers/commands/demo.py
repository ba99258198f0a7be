"""`staffel demo`: a fleet of its own runs the samples, shows what came of them, and goes away."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import Annotated, Any
from uuid import UUID

import typer

from staffel.contracts.errors import ConfigurationError
from workers.settings import WorkerSettings
from workers.supervisor.run_files import RunFiles

START_DEADLINE_S = 120.0
STOP_DEADLINE_S = 60.0
STAFFEL = (sys.executable, "-m", "staffel.cli")


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Fleet")(demo)


def demo(
    samples: Annotated[Path, typer.Argument(help="A folder of documents with a manifest.toml.")] = Path(
        "samples"
    ),
) -> None:
    """Run the samples through a whole fleet: classifier, four queues, a real model, results and costs."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    home = WorkerSettings().home / "demo"
    results = home.parent / "demo-results.jsonl"
    if not samples.is_dir():
        raise ConfigurationError(f"{samples}: there is no such folder")
    if RunFiles(home).pid() is not None:
        raise ConfigurationError("a demo runs here already")
    remove_embedded(home)
    environment = _environment(home)
    with _fleet(home, environment):
        batch_id = _submit(samples, results, environment)
        subprocess.run([*STAFFEL, "batch", "show", batch_id], env=environment, check=True)
        totals = asyncio.run(_totals(RunFiles(home).endpoints()["database_url"], UUID(batch_id)))
    if _complete(totals):
        remove_embedded(home)
    typer.echo(f"results: {results}")
    typer.echo(_last_line(totals))
    raise typer.Exit(0 if _complete(totals) else 1)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """A terminal that closes ends the demo as Ctrl-C does: with its fleet."""
    raise KeyboardInterrupt


def remove_embedded(home: Path) -> None:
    """Removes a home with its database, wherever that was placed."""
    from workers.supervisor.embedded.errors import DataFolderMissingError
    from workers.supervisor.embedded.paths import EmbeddedPaths
    from workers.supervisor.embedded.placement import existing_data

    paths = EmbeddedPaths.of(home)
    with contextlib.suppress(DataFolderMissingError):
        data = existing_data(paths)
        if data is not None:
            shutil.rmtree(data)
    for folder in (home, paths.runtime):
        shutil.rmtree(folder, ignore_errors=True)


#: Empty beats what `.env` says: the demo never touches servers, tenants or keys of the user's own.
OWN_SETTINGS = (
    "STAFFEL_DATABASE_URL",
    "STAFFEL_REDIS_URL",
    "STAFFEL_EMBEDDED_BASE_URL",
    "STAFFEL_EMBEDDED_KEY",
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
)


def _environment(home: Path) -> dict[str, str]:
    """Ours, but with servers of the demo's own, the packaged fleet, and no key: it costs nothing."""
    own = dict.fromkeys(OWN_SETTINGS, "") | {
        "STAFFEL_HOME": str(home),
        "STAFFEL_TENANT": "default",
        "STAFFEL_FLEET_FILE": str(files("staffel.fleet").joinpath("default.toml")),
        "COLUMNS": os.environ.get("COLUMNS", "120"),
    }
    return dict(os.environ) | own


@contextmanager
def _fleet(home: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """A running fleet, stopped whatever happens; in a session of its own, so that Ctrl-C reaches only us."""
    fleet = subprocess.Popen([*STAFFEL, "up"], env=dict(environment), start_new_session=True)
    try:
        _wait_until_up(fleet, RunFiles(home))
        yield
    finally:
        fleet.terminate()
        try:
            fleet.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            os.killpg(fleet.pid, signal.SIGKILL)


def _wait_until_up(fleet: "subprocess.Popen[bytes]", files: RunFiles) -> None:
    until = time.monotonic() + START_DEADLINE_S
    while not files.endpoints_file.exists():
        if fleet.poll() is not None:
            raise ConfigurationError("the fleet did not start; its message stands above")
        if time.monotonic() > until:
            raise ConfigurationError(
                f"the fleet did not start within {START_DEADLINE_S:g} s; see {files.log_folder}"
            )
        time.sleep(0.1)


def _submit(samples: Path, results: Path, environment: Mapping[str, str]) -> str:
    """Submits the folder and waits for it; returns the batch's id."""
    done = subprocess.run(
        [
            *STAFFEL,
            "batch",
            "submit",
            str(samples),
            "--name",
            "demo",
            "--wait",
            "--json",
            "--output",
            str(results),
        ],
        env=dict(environment),
        stdout=subprocess.PIPE,
        check=False,
    )
    if not done.stdout:
        raise ConfigurationError("the samples were not accepted; the message stands above")
    return str(json.loads(done.stdout)["batch_id"])


async def _totals(database_url: str, batch_id: UUID) -> Mapping[Any, Any]:
    from staffel.storage.database import Database

    database = Database(database_url, pool_size=1, name="staffel-demo")
    try:
        async with database.transaction() as tx:
            return dict(await tx.reports.totals(batch_id))
    finally:
        await database.close()


def _last_line(totals: Mapping[Any, Any]) -> str:
    return (
        f"demo: {totals['jobs']} jobs, {totals['succeeded']} succeeded, {totals['results']} results, "
        f"{totals['cost_rows']} cost rows, {totals['lost'] + totals['open']} lost"
    )


def _complete(totals: Mapping[Any, Any]) -> bool:
    return bool(totals["jobs"] == totals["succeeded"] == totals["results"] and not totals["lost"])
