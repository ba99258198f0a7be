"""Results as JSONL and CSV."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from producer.commands.result_files import Format, write_results
from staffel.contracts.results import JobResult
from staffel.contracts.states import JobState

RESULT = JobResult(
    job_id=UUID(int=1),
    source="a.csv:2",
    task="extract",
    state=JobState.SUCCEEDED,
    text='{"total": "ä, b"}\nend',
    data={"total": "ä, b"},
    cost_usd=Decimal("1.62E-7"),
    unverified=False,
    metadata={"k": "v"},
    submitted_at=datetime(2026, 11, 20, tzinfo=UTC),
)


async def stream(count: int) -> AsyncIterator[JobResult]:
    for _ in range(count):
        yield RESULT


async def test_jsonl_is_a_document_a_line_that_reads_back_as_the_result() -> None:
    file = io.StringIO()
    assert await write_results(stream(2), file, Format.JSONL) == 2
    lines = file.getvalue().splitlines()
    assert [JobResult.model_validate_json(line) for line in lines] == [RESULT, RESULT]
    assert json.loads(lines[0])["cost_usd"] == "0.000000162"


async def test_csv_has_a_column_a_field_and_json_where_a_cell_is_an_object() -> None:
    file = io.StringIO()
    assert await write_results(stream(1), file, Format.CSV) == 1
    [row] = csv.DictReader(io.StringIO(file.getvalue()))
    assert list(row) == list(JobResult.model_fields)
    assert row["text"] == RESULT.text
    assert json.loads(row["data"]) == RESULT.data
    assert (row["cost_usd"], row["error_code"], row["unverified"]) == ("0.000000162", "", "false")


async def test_no_results_are_a_header_in_csv_and_nothing_in_jsonl() -> None:
    table, lines = io.StringIO(), io.StringIO()
    await write_results(stream(0), table, Format.CSV)
    await write_results(stream(0), lines, Format.JSONL)
    assert table.getvalue().startswith("version,job_id,")
    assert lines.getvalue() == ""
