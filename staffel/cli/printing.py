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


def as_json(value: Any, *, indent: int | None = None) -> str:
    """JSON; money stays exact, as text."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=indent)


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
    """A plain table; a column whose name begins with `>` is set to the right. The first one never wraps."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for place, name in enumerate(columns):
        right = name.startswith(">")
        made.add_column(name.removeprefix(">"), justify="right" if right else "left", no_wrap=place == 0)
    for row in rows:
        made.add_row(*(Text(shown(cell)) for cell in row))
    return made


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
    if isinstance(value, Decimal | UUID | Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
