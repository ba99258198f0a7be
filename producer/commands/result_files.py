"""Results as JSONL or CSV, one at a time, however many there are."""

import csv
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import Any, TextIO

from staffel.cli.printing import as_json
from staffel.contracts.results import JobResult


class Format(StrEnum):
    """How results are written."""

    JSONL = "jsonl"
    CSV = "csv"


async def write_results(results: AsyncIterator[JobResult], file: TextIO, form: Format) -> int:
    """Writes all; returns how many there were."""
    write = _csv_writer(file) if form is Format.CSV else _jsonl_writer(file)
    written = 0
    async for result in results:
        write(result)
        written += 1
    return written


def _jsonl_writer(file: TextIO) -> Callable[[JobResult], None]:
    def write(result: JobResult) -> None:
        file.write(as_json(result.model_dump()) + "\n")

    return write


def _csv_writer(file: TextIO) -> Callable[[JobResult], None]:
    """Columns are the fields of a result; `data` and `metadata` are JSON, what is not there is empty."""
    writer = csv.DictWriter(file, fieldnames=list(JobResult.model_fields), lineterminator="\n")
    writer.writeheader()

    def write(result: JobResult) -> None:
        writer.writerow({name: _cell(value) for name, value in result.model_dump().items()})

    return write


def _cell(value: Any) -> Any:
    """As in the JSON, but a text without its quotes."""
    if value is None or isinstance(value, str):
        return value
    return as_json(value).strip('"')
