"""`staffel results`: what came of a batch or a job."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from producer.commands.session import parse_id, run, settings
from staffel.cli.printing import note
from staffel.contracts.errors import InvalidRequestError

if TYPE_CHECKING:
    from uuid import UUID

FORMATS = ("jsonl", "csv")


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Jobs")(results)


def results(
    owner_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a batch or a job.")],
    form: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    output: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None,
) -> None:
    """Write the results of a batch or a job, one a line; streams, so that there may be millions."""
    if form not in FORMATS:
        raise InvalidRequestError(f"{form!r} is neither jsonl nor csv", field="format")
    written = run(_write(parse_id(owner_id, "batch or a job"), form, output))
    if output:
        note(f"{written} results: {output}")


async def _write(owner_id: "UUID", form: str, output: Path | None) -> int:
    from producer.bootstrap import open_queries
    from producer.commands.result_files import Format, write_results

    async with open_queries(settings()) as queries:
        kind = await queries.owner_kind(owner_id)
        try:
            opened = output.open("w", encoding="utf-8", newline="") if output else nullcontext(sys.stdout)
        except OSError as error:
            raise InvalidRequestError(f"{output}: {error.strerror}", field="output") from error
        with opened as file:
            return await write_results(queries.results(kind, owner_id), file, Format(form))
