"""`staffel jobs`: look at jobs, stop them, send them again."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
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
from producer.commands.session import parse_id, parse_ids, run, settings
from staffel.cli.failures import WRONG_INPUT
from staffel.cli.printing import note, print_json, print_table
from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.states import TERMINAL, JobState
from staffel.contracts.tiers import Tier

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
def list_jobs(
    state: Annotated[list[JobState] | None, typer.Option(help="May be repeated.")] = None,
    tier: Annotated[Tier | None, typer.Option()] = None,
    batch: Annotated[str | None, typer.Option(metavar="ID")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first."""
    batch_id = parse_id(batch, "batch") if batch else None
    show_jobs(find_jobs(tuple(state or ()), tier=tier, batch_id=batch_id, limit=limit), as_json=as_json)


def find_jobs(
    states: tuple[JobState, ...], *, limit: int, tier: Tier | None = None, batch_id: UUID | None = None
) -> "list[Row]":
    """The newest jobs in these states."""
    from producer.bootstrap import open_queries

    async def ask() -> "list[Row]":
        async with open_queries(settings()) as queries:
            if batch_id is not None:
                await queries.require_batch(batch_id)
            return await queries.jobs(limit=limit, states=states, tier=tier, batch_id=batch_id)

    return run(ask())


def show_jobs(rows: "list[Row]", *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    cells = [[row[column] for column in COLUMNS] for row in rows]
    print_table([column.replace("_at", "").replace("_code", "") for column in COLUMNS], cells)


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
    _say_untouched(others)


async def _cancel(job_ids: tuple[UUID, ...]) -> "tuple[Cancelled, dict[str, str]]":
    from producer.bootstrap import open_doors
    from staffel.storage.repositories.jobs import JobFilter

    async with open_doors(settings()) as doors:
        cancelled = await doors.interventions.cancel(JobFilter(doors.tenant_id, job_ids=job_ids))
        warn_untold(cancelled, doors.redis_place)
        touched = {*cancelled.ended, *cancelled.asked}
        return cancelled, await _untouched(doors, [i for i in job_ids if i not in touched])


@jobs.command()
def retry(
    job_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", show_default=False)] = None,
    state: Annotated[list[JobState] | None, typer.Option(help="failed, dead or cancelled.")] = None,
    batch: Annotated[
        str | None, typer.Option(metavar="ID", help="All of a batch that did not succeed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send jobs through the fleet again that failed, died or were cancelled, their counters at zero."""
    if not (job_ids or state or batch):
        raise InvalidRequestError("name jobs, or give --state or --batch")
    wrong = sorted(set(state or ()) - RETRYABLE)
    if wrong:
        raise InvalidRequestError(f"{wrong[0]} jobs cannot be retried", field="state")
    batch_id = parse_id(batch, "batch") if batch else None
    retry_jobs(parse_ids(job_ids), states=tuple(state or ()), batch_id=batch_id, as_json=as_json)


def retry_jobs(
    job_ids: tuple[UUID, ...] = (),
    *,
    states: tuple[JobState, ...] = (),
    batch_id: UUID | None = None,
    as_json: bool,
) -> None:
    """Retries what all the filters that are given have in common."""
    retried, others = run(_retry(job_ids, states, batch_id))
    if as_json:
        print_json(retried_document(retried) | {"untouched": others})
    else:
        say_retried(retried)
    _say_untouched(others)


async def _retry(
    job_ids: tuple[UUID, ...], states: tuple[JobState, ...], batch_id: UUID | None
) -> "tuple[Retried, dict[str, str]]":
    from producer.bootstrap import open_doors
    from staffel.storage.repositories.jobs import JobFilter

    async with open_doors(settings()) as doors:
        if batch_id is not None:
            await doors.queries.require_batch(batch_id)
        which = JobFilter(doors.tenant_id, states, batch_id=batch_id, job_ids=job_ids)
        retried = await doors.interventions.retry(which)
        warn_unhinted(retried, doors.redis_place)
        touched = set(retried.job_ids)
        return retried, await _untouched(doors, [i for i in job_ids if i not in touched])


async def _untouched(doors: "Doors", job_ids: list[UUID]) -> dict[str, str]:
    """Why nothing was done to jobs that were named: what they are, or that there are none."""
    if not job_ids:
        return {}
    found = await doors.queries.jobs(limit=len(job_ids), job_ids=tuple(job_ids))
    states = {row["id"]: f"is {row['state']}" for row in found}
    return {str(job_id): states.get(job_id, "there is no such job") for job_id in job_ids}


def _say_untouched(others: dict[str, Any]) -> None:
    for job_id, why in others.items():
        note(f"untouched: {job_id}: {why}")
    if others:
        raise typer.Exit(WRONG_INPUT)
