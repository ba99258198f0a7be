"""`staffel db`: the schema."""

from typing import Annotated

import typer

from workers.settings import WorkerSettings

db = typer.Typer(no_args_is_help=True, help="The database's schema.")


def register(app: typer.Typer) -> None:
    app.add_typer(db, name="db", rich_help_panel="Fleet")


@db.command()
def migrate(
    revision: Annotated[str, typer.Option(help="The revision to reach.")] = "head",
) -> None:
    """Bring the database to the newest schema; safe to run from many places at once."""
    from staffel.storage.migrations import migrate as run

    run(WorkerSettings().require_database_url(), revision)
    typer.echo(f"the schema is at {revision}", err=True)
