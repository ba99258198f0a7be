"""The door of the room: a path in, items out; the table of readers by suffix."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from staffel.documents.csv_rows import read_csv
from staffel.documents.encoding import clean
from staffel.documents.errors import UnreadableDocumentError
from staffel.documents.items import DocumentItem, Item, Limits, UnreadableItem
from staffel.documents.jsonl import read_jsonl
from staffel.documents.plain import read_json, read_text

Reader: TypeAlias = Callable[[Path, str, Limits], Iterator[Item]]
TextReader: TypeAlias = Callable[[bytes, Limits], str]

DEFAULT_LIMITS = Limits()


def read_documents(
    path: Path, *, limits: Limits = DEFAULT_LIMITS, root: Path | None = None
) -> Iterator[Item]:
    """The texts of one file, streamed; what cannot be read comes as an UnreadableItem, never as an error.

    `source` is the path as given, or relative to `root`, with the line number behind a colon for rows.
    """
    source = (path.relative_to(root) if root and path.is_relative_to(root) else path).as_posix()
    try:
        yield from _reader_of(path)(path, source, limits)
    except UnreadableDocumentError as error:
        yield UnreadableItem(source, error.reason)
    except PermissionError:
        yield UnreadableItem(source, "permission denied")
    except OSError as error:
        yield UnreadableItem(source, f"cannot be read: {error.strerror or error}")


def _reader_of(path: Path) -> Reader:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableDocumentError(
            "a folder, not a file" if os.access(path, os.R_OK) else "permission denied"
        )
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableDocumentError("not a regular file")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = " ".join(sorted(READERS))
        raise UnreadableDocumentError(f"unknown file type '{path.suffix}' (known: {known})")
    if status.st_size == 0:
        raise UnreadableDocumentError("the file is empty")
    return reader


def _whole_file(read_text: TextReader) -> Reader:
    """A reader that takes the file in one piece and gives one item."""

    def read(path: Path, source: str, limits: Limits) -> Iterator[Item]:
        with path.open("rb") as file:
            # One byte more than allowed: the size on disk may lie or grow.
            content = file.read(limits.max_bytes + 1)
        if len(content) > limits.max_bytes:
            raise UnreadableDocumentError(f"larger than {limits.max_bytes} bytes")
        text = clean(read_text(content, limits))
        if not text:
            raise UnreadableDocumentError("the file holds no text")
        yield DocumentItem(source, text)

    return read


# The libraries are imported when the first file of their kind is read: they slow every start otherwise.


def _web_page(content: bytes, limits: Limits) -> str:
    from staffel.documents.web_page import read_html

    return read_html(content, limits)


def _pdf(content: bytes, limits: Limits) -> str:
    from staffel.documents.pdf import read_pdf

    return read_pdf(content, limits)


def _word(content: bytes, limits: Limits) -> str:
    from staffel.documents.word import read_docx

    return read_docx(content, limits)


READERS: Mapping[str, Reader] = {
    ".txt": _whole_file(read_text),
    ".md": _whole_file(read_text),
    ".json": _whole_file(read_json),
    ".html": _whole_file(_web_page),
    ".htm": _whole_file(_web_page),
    ".pdf": _whole_file(_pdf),
    ".docx": _whole_file(_word),
    ".csv": read_csv,
    ".jsonl": read_jsonl,
}
