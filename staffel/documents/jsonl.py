"""Reads JSONL files, one item a line. What the object of a line means is for others to say."""

from collections.abc import Iterator
from pathlib import Path

from staffel.documents.encoding import clean
from staffel.documents.errors import UnreadableDocumentError
from staffel.documents.items import DocumentItem, Item, Limits, UnreadableItem
from staffel.documents.lines import Lines
from staffel.documents.structured import parse_json, text_field


def read_jsonl(path: Path, source: str, limits: Limits) -> Iterator[Item]:
    """A DocumentItem a line that is an object (kept as `fields`) or a string; blank lines are passed over.

    Raises UnreadableDocumentError when there is nothing but blank lines.
    """
    is_empty = True
    with path.open("rb") as file:
        lines = Lines(file, max_record_bytes=limits.max_row_bytes)
        for item in _items(lines, source):
            is_empty = False
            yield item
    if is_empty:
        raise UnreadableDocumentError("the file holds no text")


def _items(lines: Lines, source: str) -> Iterator[DocumentItem | UnreadableItem]:
    while True:
        lines.begin_record()
        try:
            line = next(lines)
            if not line.isspace():
                yield _item(line, f"{source}:{lines.number}")
        except StopIteration:
            return
        except UnreadableDocumentError as error:
            yield UnreadableItem(f"{source}:{lines.number}", f"line {lines.number}: {error.reason}")


def _item(line: str, source: str) -> DocumentItem:
    try:
        value = parse_json(line)
    except ValueError as error:
        raise UnreadableDocumentError(f"broken JSON: {error}") from error
    if isinstance(value, dict):
        return DocumentItem(source, clean(text_field(value)), value)
    if isinstance(value, str) and clean(value):
        return DocumentItem(source, clean(value))
    raise UnreadableDocumentError("neither a JSON object nor a text")
