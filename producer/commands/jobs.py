"""`staffel jobs`: look at jobs, stop them, send them again."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from producer.commands.job_changes import (
    cancelled_document,
    retried_document,
    say_cancelled,
    say_retried,
    warn_unhinted,
    warn_untold,
)
from producer.commands.job_options import JobIds, JobOptions, with_job_options
from producer.commands.session import parse_id, parse_ids, run, settings
from producer.selection import Selection
from staffel.cli.failures import WRONG_INPUT
from staffel.cli.printing import note, print_json, print_table
from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.states import TERMINAL, JobState

if TYPE_CHECKING:
    from producer.bootstrap import Doors
    from producer.interventions import Cancelled, Retried
    from producer.queries import JobHistory, Row

jobs = typer.Typer(no_args_is_help=True, help="Look at jobs, stop them, send them again.")

JobId = Annotated[str, typer.Argument(metavar="ID", help="The id of a job.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")]

COLUMNS = ("id", "state", "tier", "task", "submitted_at", "error_code", "source")

#: States that a retry gets out of.
RETRYABLE = TERMINAL - {JobState.SUCCEEDED}


def register(app: typer.Typer) -> None:
    app.add_typer(jobs, name="jobs", rich_help_panel="Jobs")


@jobs.command("list")
@with_job_options
def list_jobs(
    chosen: JobOptions,
    state: Annotated[list[JobState] | None, typer.Option(help="May be repeated.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first."""
    show_jobs(find_jobs(chosen.selection(tuple(state or ())), limit=limit), as_json=as_json)


def find_jobs(which: Selection, *, limit: int) -> "list[Row]":
    """The newest of these jobs."""
    from producer.bootstrap import open_queries

    async def ask() -> "list[Row]":
        async with open_queries(settings()) as queries:
            if which.batch_id is not None:
                await queries.require_batch(which.batch_id)
            return await queries.jobs(which, limit=limit)

    return run(ask())


def show_jobs(rows: "list[Row]", *, as_json: bool, columns: tuple[str, ...] = COLUMNS) -> None:
    if as_json:
        print_json(rows)
        return
    cells = [[row[column] for column in columns] for row in rows]
    print_table([column.replace("_at", "").replace("_code", "") for column in columns], cells)


@jobs.command()
def show(job_id: JobId, as_json: Json = False) -> None:
    """Show a job: its decision in words, attempts, calls, costs and result."""
    from producer.bootstrap import open_queries
    from producer.commands.job_sheet import print_job

    identifier = parse_id(job_id)

    async def ask() -> "JobHistory":
        async with open_queries(settings()) as queries:
            return await queries.job(identifier)

    history = run(ask())
    if as_json:
        print_json(asdict(history))
    else:
        print_job(history)


@jobs.command()
def cancel(
    job_ids: Annotated[list[str], typer.Argument(metavar="ID...", show_default=False)], as_json: Json = False
) -> None:
    """Cancel jobs: at once what waits, within a second what runs."""
    asked = parse_ids(job_ids)
    cancelled, others = run(_cancel(asked))
    if as_json:
        print_json(cancelled_document(cancelled) | {"untouched": others})
    else:
        say_cancelled(cancelled)
    say_untouched(others)


async def _cancel(job_ids: tuple[UUID, ...]) -> "tuple[Cancelled, dict[str, str]]":
    from producer.bootstrap import open_doors
    from staffel.storage.repositories.jobs import JobFilter

    async with open_doors(settings()) as doors:
        cancelled = await doors.interventions.cancel(JobFilter(doors.tenant_id, job_ids=job_ids))
        warn_untold(cancelled, doors.redis_place)
        return cancelled, await untouched(doors, job_ids, {*cancelled.ended, *cancelled.asked})


@jobs.command()
@with_job_options
def retry(
    chosen: JobOptions,
    job_ids: JobIds = None,
    state: Annotated[list[JobState] | None, typer.Option(help="failed, dead or cancelled.")] = None,
    as_json: Json = False,
) -> None:
    """Send jobs through the fleet again that failed, died or were cancelled, their counters at zero."""
    which = chosen.selection(tuple(state or ()), job_ids)
    wrong = sorted(set(which.states) - RETRYABLE)
    if wrong:
        raise InvalidRequestError(f"{wrong[0]} jobs cannot be retried", field="state")
    if not (which.states or which.narrows):
        raise InvalidRequestError("name jobs, or give --state or --batch or another filter")
    retry_jobs(which, as_json=as_json)


def retry_jobs(which: Selection, *, as_json: bool) -> None:
    """Retries what all that is given has in common."""
    retried, others = run(_retry(which))
    if as_json:
        print_json(retried_document(retried) | {"untouched": others})
    else:
        say_retried(retried)
    say_untouched(others)


async def _retry(which: Selection) -> "tuple[Retried, dict[str, str]]":
    from producer.bootstrap import open_doors

    async with open_doors(settings()) as doors:
        if which.batch_id is not None:
            await doors.queries.require_batch(which.batch_id)
        retried = await doors.interventions.retry(which.of(doors.tenant_id))
        warn_unhinted(retried, doors.redis_place)
        others = await untouched(doors, which.job_ids, set(retried.job_ids))
        for job_id, why in others.items():
            if any(why == f"is {state}" for state in which.states or RETRYABLE):
                others[job_id] = f"{why} and has no content that could be sent"
        return retried, others


async def untouched(doors: "Doors", job_ids: tuple[UUID, ...], touched: set[UUID]) -> dict[str, str]:
    """Why nothing was done to jobs that were named: what they are, or that there are none."""
    left = tuple(job_id for job_id in job_ids if job_id not in touched)
    if not left:
        return {}
    found = await doors.queries.jobs(Selection(job_ids=left), limit=len(left))
    states = {row["id"]: f"is {row['state']}" for row in found}
    return {str(job_id): states.get(job_id, "there is no such job") for job_id in left}


def say_untouched(others: dict[str, str]) -> None:
    for job_id, why in others.items():
        note(f"untouched: {job_id}: {why}")
    if others:
        raise typer.Exit(WRONG_INPUT)
