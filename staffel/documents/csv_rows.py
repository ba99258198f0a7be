"""Reads CSV files, one item a row, whatever the delimiter and the length of the file."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from staffel.documents.encoding import clean
from staffel.documents.errors import UnreadableDocumentError
from staffel.documents.items import DocumentItem, Item, Limits, UnreadableItem
from staffel.documents.lines import Lines

_DELIMITERS = ",;\t|"


def read_csv(path: Path, source: str, limits: Limits) -> Iterator[Item]:
    """A DocumentItem a row; its text is the column `text`, or else all columns as `column: value` lines.

    Raises UnreadableDocumentError when the file has no usable header or no rows.
    """
    _allow_long_fields(limits)
    with path.open("rb") as file:
        lines = Lines(file, max_record_bytes=limits.max_row_bytes)
        rows, columns = _open(lines)
        is_empty = True
        for item in _items(lines, rows, columns, source):
            is_empty = False
            yield item
    if is_empty:
        raise UnreadableDocumentError("a header and no rows")


def _open(lines: Lines) -> tuple[Iterator[list[str]], list[str]]:
    try:
        rows = csv.reader(lines, delimiter=_delimiter(lines), strict=True)
        return rows, _columns([clean(name) for name in next(rows, [])])
    except csv.Error as error:
        raise UnreadableDocumentError(f"broken header in line {lines.number}: {error}") from error


def _items(
    lines: Lines, rows: Iterator[list[str]], columns: Sequence[str], source: str
) -> Iterator[DocumentItem | UnreadableItem]:
    while True:
        lines.begin_record()
        first_line = lines.number + 1
        try:
            cells = next(rows)
            if cells:
                yield _item(cells, columns, f"{source}:{first_line}")
        except StopIteration:
            return
        except (UnreadableDocumentError, csv.Error) as error:
            yield UnreadableItem(f"{source}:{first_line}", f"line {first_line}: {error}")


def _item(cells: Sequence[str], columns: Sequence[str], source: str) -> DocumentItem:
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise UnreadableDocumentError(f"{len(cells)} cells, but the header names {len(columns)} columns")
    values = [clean(cell) for cell in cells[: len(columns)]]
    fields = dict(zip(columns, values + [""] * (len(columns) - len(values)), strict=True))
    text = _text(fields)
    if not text:
        raise UnreadableDocumentError("the row holds no text")
    return DocumentItem(source, text, fields)


def _text(fields: dict[str, str]) -> str:
    for column, value in fields.items():
        if column.casefold() == "text":
            return value
    return "\n".join(f"{column}: {value}" for column, value in fields.items() if value)


def _delimiter(lines: Lines) -> str:
    """The one that cuts the first line into most cells."""
    first = next(lines, "")
    lines.give_back(first)
    return max(_DELIMITERS, key=lambda delimiter: len(next(csv.reader([first], delimiter=delimiter), [])))


def _columns(header: list[str]) -> list[str]:
    if not any(header):
        raise UnreadableDocumentError("the first line is no header")
    while not header[-1]:
        header.pop()
    columns = [name or f"column {number}" for number, name in enumerate(header, start=1)]
    doubled = next((name for name in columns if columns.count(name) > 1), None)
    if doubled is not None:
        raise UnreadableDocumentError(f"the header names the column '{doubled}' twice")
    return columns


def _allow_long_fields(limits: Limits) -> None:
    """The csv module has one cap for the whole process: raised, never lowered, so nobody is cut short."""
    csv.field_size_limit(max(csv.field_size_limit(), limits.max_row_bytes))
