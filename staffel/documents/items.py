"""What reading a file gives, and the limits that keep one file from taking the memory of all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is taken in. Sizes are bytes."""

    max_bytes: int = 20 * MEBIBYTE
    """A file that is read whole."""

    max_row_bytes: int = 2 * MEBIBYTE
    """One row of a CSV file or one line of a JSONL file; the files themselves may be of any size."""

    max_unpacked_bytes: int = 100 * MEBIBYTE
    """What a compressed document (docx, PDF) may unfold to."""

    max_pages: int = 1_000
    """Pages of a PDF."""


@dataclass(frozen=True, slots=True)
class DocumentItem:
    """One text. `fields`: the CSV row, or the object of a JSONL line as it stands; empty for whole files."""

    source: str
    text: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnreadableItem:
    """One file or row that gave no text, and the reason in words for the person who owns the file."""

    source: str
    reason: str


Item: TypeAlias = DocumentItem | UnreadableItem
