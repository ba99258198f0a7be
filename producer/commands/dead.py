"""`staffel dead`: jobs that used up their attempts."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from producer.commands.job_options import JobIds, JobOptions, with_job_options
from producer.commands.jobs import (
    JobId,
    Json,
    Limit,
    find_jobs,
    retry_jobs,
    say_untouched,
    show,
    show_jobs,
    untouched,
)
from producer.commands.session import run, settings
from producer.selection import Selection
from staffel.cli.printing import note, print_json
from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.states import JobState

if TYPE_CHECKING:
    from producer.bootstrap import Doors

dead = typer.Typer(no_args_is_help=True, help="Jobs that used up their attempts.")

DEAD = (JobState.DEAD,)
COLUMNS = ("id", "tier", "task", "attempt", "finished_at", "error_code", "error_message")

Every = Annotated[bool, typer.Option("--all", help="Every dead job.")]


def register(app: typer.Typer) -> None:
    app.add_typer(dead, name="dead", rich_help_panel="Jobs")


@dead.command("list")
@with_job_options
def list_dead(chosen: JobOptions, limit: Limit = 50, as_json: Json = False) -> None:
    """List dead jobs with the error that was their last, the newest first."""
    show_jobs(find_jobs(chosen.selection(DEAD), limit=limit), as_json=as_json, columns=COLUMNS)


@dead.command("show")
def show_dead(job_id: JobId, as_json: Json = False) -> None:
    """Show a job and all that happened to it."""
    show(job_id, as_json)


@dead.command()
@with_job_options
def retry(chosen: JobOptions, job_ids: JobIds = None, every: Every = False, as_json: Json = False) -> None:
    """Send dead jobs through the fleet again, their counters at zero."""
    retry_jobs(_meant(chosen.selection(DEAD, job_ids), every=every), as_json=as_json)


@dead.command()
@with_job_options
def discard(
    chosen: JobOptions,
    job_ids: JobIds = None,
    every: Every = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Give dead jobs up: they are cancelled, and their content and answers are erased for good.

    Errors, attempts and costs stay until they are pruned.
    """
    which = _meant(chosen.selection(DEAD, job_ids), every=every)
    discarded, others = run(_discard(which, ask=not yes))
    if as_json:
        print_json({"discarded": discarded, "untouched": others})
    else:
        note(f"{len(discarded)} discarded")
    say_untouched(others)


async def _discard(which: Selection, *, ask: bool) -> tuple[list[str], dict[str, str]]:
    from producer.bootstrap import open_doors

    async with open_doors(settings()) as doors:
        if which.batch_id is not None:
            await doors.queries.require_batch(which.batch_id)
        seen = await _confirmed(doors, which) if ask else which
        discarded = await doors.interventions.discard(seen.of(doors.tenant_id))
        others = await untouched(doors, which.job_ids, set(discarded))
        return [str(job_id) for job_id in discarded], others


async def _confirmed(doors: "Doors", which: Selection) -> Selection:
    """Those that were there when they were counted: what dies while somebody thinks is not meant."""
    count, asked_at = await doors.interventions.count(which.of(doors.tenant_id))
    if count:
        jobs = "1 dead job" if count == 1 else f"{count:,} dead jobs"
        typer.confirm(f"Discard {jobs}? The content is erased for good.", abort=True, err=True)
    return replace(which, ended_before=asked_at)


def _meant(which: Selection, *, every: bool) -> Selection:
    """Everything is meant only where somebody says so."""
    if which.narrows == every:
        raise InvalidRequestError("name jobs or give --all or a filter, one of the three")
    return which
