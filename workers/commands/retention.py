"""`staffel prune`: what the control process prunes by itself, at once and to the end."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from staffel.cli.printing import note, print_json, print_table
from staffel.cli.settings import read_settings
from staffel.contracts.retention import Pruned
from workers.settings import WorkerSettings


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Fleet")(prune)


def prune(
    dry_run: Annotated[bool, typer.Option(help="Only count what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Delete what is older than it is kept, of all tenants; cost rows stay.

    Ages are settings (STAFFEL_KEEP_...), or columns of the table tenants.
    """
    settings = read_settings(WorkerSettings)
    pruned = asyncio.run(_count(settings) if dry_run else _prune(settings))
    if as_json:
        print_json({"dry_run": dry_run, "rows": asdict(pruned)})
        return
    print_table(["what", ">rows"], [[name, rows] for name, rows in asdict(pruned).items() if rows])
    note(f"{pruned.total:,} rows {'would go' if dry_run else 'are gone'}")


async def _prune(settings: WorkerSettings) -> Pruned:
    from staffel.storage.database import Database
    from workers.dispatch.pruner import prune as bites

    database = Database(settings.require_database_url(), pool_size=1, name="staffel-prune")
    gone = Pruned()
    try:
        async for pruned in bites(database, settings.keep):
            gone += pruned
    finally:
        await database.close()
    return gone


async def _count(settings: WorkerSettings) -> Pruned:
    from staffel.storage.database import Database

    database = Database(settings.require_database_url(), pool_size=1, name="staffel-prune")
    try:
        async with database.transaction() as tx:
            return await tx.retention.due(settings.keep)
    finally:
        await database.close()
