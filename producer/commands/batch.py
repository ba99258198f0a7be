"""`staffel batch`: many jobs at once."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from producer.commands.batch_submit import submit
from producer.commands.request_options import with_request_options
from producer.commands.session import parse_id, run, settings
from staffel.cli.printing import note, print_json, print_table

if TYPE_CHECKING:
    from producer.interventions import Cancelled
    from producer.queries import BatchReport

batch = typer.Typer(no_args_is_help=True, help="Many jobs at once.")
batch.command("submit")(with_request_options(submit))

BatchId = Annotated[str, typer.Argument(metavar="ID", help="The id of a batch.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def register(app: typer.Typer) -> None:
    app.add_typer(batch, name="batch", rich_help_panel="Jobs")


@batch.command()
def show(batch_id: BatchId, as_json: Json = False) -> None:
    """Show what became of a batch, a tier at a time."""
    from producer.bootstrap import open_queries
    from producer.commands.batch_tables import print_report, report_document
    from staffel.fleet import load_fleet

    identifier, given = parse_id(batch_id, "batch"), settings()
    fleet = load_fleet(given.fleet_path())

    async def ask() -> "BatchReport":
        async with open_queries(given) as queries:
            return await queries.batch_report(identifier)

    report = run(ask())
    if as_json:
        print_json(report_document(report, fleet))
    else:
        print_report(report, fleet)


@batch.command("list")
def list_batches(limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20, as_json: Json = False) -> None:
    """List the newest batches."""
    from producer.bootstrap import open_queries
    from producer.queries import Row

    async def ask() -> list[Row]:
        async with open_queries(settings()) as queries:
            return await queries.batches(limit=limit)

    rows = run(ask())
    if as_json:
        print_json(rows)
        return
    columns = ("id", "name", ">jobs", ">open", ">succeeded", ">unsuccessful", "submitted_at", "finished_at")
    cells = [[row[column.removeprefix(">")] for column in columns] for row in rows]
    print_table([column.replace("_at", "") for column in columns], cells)


@batch.command()
def cancel(batch_id: BatchId, as_json: Json = False) -> None:
    """Cancel what is left of a batch."""
    from producer.commands.job_changes import cancelled_document, say_cancelled

    cancelled = run(_cancel(parse_id(batch_id, "batch")))
    if as_json:
        print_json(cancelled_document(cancelled))
    elif cancelled.ended or cancelled.asked:
        say_cancelled(cancelled)
    else:
        note("no job of the batch was open")


async def _cancel(batch_id: UUID) -> "Cancelled":
    from producer.bootstrap import open_doors
    from producer.commands.job_changes import warn_untold
    from staffel.storage.repositories.jobs import JobFilter

    async with open_doors(settings()) as doors:
        await doors.queries.require_batch(batch_id)
        cancelled = await doors.interventions.cancel(JobFilter(doors.tenant_id, batch_id=batch_id))
        warn_untold(cancelled, doors.redis_place)
        return cancelled
