"""`staffel health`: for the probes of compose and Kubernetes. Reads a file, asks no server."""

import json
import time
from dataclasses import asdict
from typing import Annotated

import typer

from staffel.contracts.errors import InvalidRequestError
from staffel.observability.health import HealthFile, Verdict, health_files, judge
from workers.settings import WorkerSettings


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Fleet")(health)


def health(
    name: Annotated[
        str | None, typer.Argument(help="control, classifier, worker-POOL, ...; `staffel status` lists them.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that have reported here.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Ask only whether its loop turns.")] = False,
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether it can take work, too (default).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Exit code 0 when the processes asked for are ready, or live; else 1, with the reason."""
    if everything == (name is not None):
        raise InvalidRequestError("give one name, or --all")
    if live and ready:
        raise InvalidRequestError("--live and --ready exclude each other")
    settings = WorkerSettings()
    files = list(health_files(settings.home)) if name is None else [HealthFile.of(settings.home, name)]
    verdicts = {file.name: verdict_of(file, settings.stuck_after_s) for file in files}
    _show(verdicts, as_json=as_json, live=live)
    if not verdicts or not all(v.live if live else v.ready for v in verdicts.values()):
        raise typer.Exit(1)


def verdict_of(file: HealthFile, stuck_after_s: float) -> Verdict:
    return judge(file.read(), now_s=time.monotonic(), stuck_after_s=stuck_after_s)


def _show(verdicts: dict[str, Verdict], *, as_json: bool, live: bool) -> None:
    if as_json:
        typer.echo(json.dumps([{"name": name, **asdict(verdict)} for name, verdict in verdicts.items()]))
        return
    if not verdicts:
        typer.echo("no process has reported here")
    for name, verdict in verdicts.items():
        if verdict.live if live else verdict.ready:
            typer.echo(f"{name}: {'live' if live else 'ready'}")
        else:
            typer.echo(f"{name}: not {'live' if live else 'ready'}: {verdict.why_not}")
