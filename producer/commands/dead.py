"""`staffel dead`: jobs that used up their attempts."""

from typing import Annotated

import typer

from producer.commands.jobs import JobId, Json, Limit, find_jobs, retry_jobs, show, show_jobs
from producer.commands.session import parse_ids
from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.states import JobState

dead = typer.Typer(no_args_is_help=True, help="Jobs that used up their attempts.")

DEAD = (JobState.DEAD,)


def register(app: typer.Typer) -> None:
    app.add_typer(dead, name="dead", rich_help_panel="Jobs")


@dead.command("list")
def list_dead(limit: Limit = 50, as_json: Json = False) -> None:
    """List dead jobs, the newest first."""
    show_jobs(find_jobs(DEAD, limit=limit), as_json=as_json)


@dead.command("show")
def show_dead(job_id: JobId, as_json: Json = False) -> None:
    """Show a job and all that happened to it."""
    show(job_id, as_json)


@dead.command()
def retry(
    job_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every dead job.")] = False,
    as_json: Json = False,
) -> None:
    """Send dead jobs through the fleet again, their counters at zero."""
    if bool(job_ids) == every:
        raise InvalidRequestError("name jobs or give --all, one of the two")
    retry_jobs(parse_ids(job_ids), states=DEAD, as_json=as_json)
