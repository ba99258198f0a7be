"""What commands print: results on standard output, progress and notes on standard error."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from uuid import UUID

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Columns when nobody says how wide a terminal is, because there is none.
WIDTH_WITHOUT_TERMINAL = 160

#: More columns than any table has.
ANY_WIDTH = 10_000


def as_json(value: Any, *, indent: int | None = None) -> str:
    """JSON; money stays exact, as text."""
    separators = (",", ":") if indent is None else None
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=indent, separators=separators)


def print_json(value: Any) -> None:
    """One JSON document."""
    typer.echo(as_json(value, indent=2))


def note(text: str) -> None:
    typer.echo(text, err=True)


def warn(text: str) -> None:
    typer.echo(f"warning: {text}", err=True)


def console(file: TextIO | None = None) -> "Console":
    """For standard output, unless another file is given."""
    from rich.console import Console

    out = file or sys.stdout
    width = None if out.isatty() or "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL
    return Console(file=out, width=width, highlight=False, soft_wrap=False)


def table(columns: Iterable[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> "Table":
    """A plain table; a column whose name begins with `>` holds numbers. Others wrap if they have to."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(columns):
        is_number = name.startswith(">")
        made.add_column(
            name.removeprefix(">"),
            justify="right" if is_number else "left",
            no_wrap=is_number or place == 0,
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(Text(shown(cell)) for cell in row))
    return made


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """On standard output; that there is nothing is said beside it."""
    if rows:
        print_whole(table(columns, rows))
    else:
        note("nothing found")


def print_whole(made: "Table") -> None:
    """A table as wide as it has to be: a number or an id that is cut off is another one."""
    out = console()
    out.width = max(out.width, out.measure(made, options=out.options.update(width=ANY_WIDTH)).maximum)
    out.print(made)


def shown(value: object) -> str:
    """A value as people read it; local time."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
