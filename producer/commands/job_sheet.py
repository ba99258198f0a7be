"""Everything about one job on one sheet."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from producer.commands.wording import decision_lines, money, seconds
from producer.queries import JobHistory, Row
from producer.tier_report import Money
from staffel.cli.printing import as_json, console, shown, table

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = (
    "state", "task", "tier", "source", "batch_id", "priority", "strategy", "data_class", "forced_tier",
    "forced_model", "max_cost_usd", "deadline", "submitted_at", "queued_at", "started_at", "finished_at",
    "worker", "degraded_reason", "error_code", "error_message",
)  # fmt: skip
ATTEMPTS = (
    "attempt",
    "outcome",
    "tier",
    "model",
    "worker",
    "started_at",
    "finished_at",
    "reason",
    "error_code",
    "error_message",
)
CALLS = ("attempt", "purpose", "provider", "model", "state", "latency_ms", "error_code", "intended_at")
COSTS = ("attempt", "model", "kind", "estimated", "input_tokens", "cached_input_tokens", "output_tokens")


def print_job(history: JobHistory) -> None:
    out = console()
    _print_head(out, history.job)
    for decision in history.decisions:
        _print_lines(out, f"decision of {shown(decision['decided_at'])}", decision_lines(decision))
    _print_rows(out, "attempts", ATTEMPTS, history.attempts)
    _print_rows(out, "calls", CALLS, history.calls)
    _print_costs(out, history.costs)
    if history.result:
        _print_lines(out, "result", _result_lines(history.result))


def _print_head(out: Console, job: Row) -> None:
    out.print(Text(f"job {job['id']}"))
    for name in HEAD:
        if job[name] is not None:
            _print_field(out, name, shown(job[name]))
    if job["metadata"]:
        _print_field(out, "metadata", as_json(job["metadata"]))
    if job["finished_at"]:
        _print_field(out, "took", seconds((job["finished_at"] - job["submitted_at"]).total_seconds()))


def _print_field(out: Console, name: str, value: str) -> None:
    out.print(Text(f"  {name.removesuffix('_at').removesuffix('_id').replace('_', ' '):<16}{value}"))


def _print_lines(out: Console, title: str, lines: "Iterable[str]") -> None:
    out.print(Text(f"\n{title}"))
    for line in lines:
        out.print(Text(f"  {line}"))


def _print_rows(out: Console, title: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Columns that say nothing about any row are left out."""
    if not rows:
        return
    used = [column for column in columns if any(row[column] is not None for row in rows)]
    out.print()
    out.print(table(used, [[_cell(row[column]) for column in used] for row in rows], title=title))


def _print_costs(out: Console, rows: Sequence[Row]) -> None:
    if not rows:
        return
    cells = [[*(row[column] for column in COSTS), money(_amount([row], "amount_usd"))] for row in rows]
    out.print()
    out.print(table([*COSTS, ">cost"], cells, title="costs"))
    _print_field(out, "cost", money(_amount(rows, "amount_usd")))
    _print_field(out, "baseline", money(_amount(rows, "baseline_usd")))


def _amount(rows: Sequence[Row], column: str) -> Money:
    known = [row[column] for row in rows if row[column] is not None]
    return Money(sum(known, Decimal(0)), len(rows) - len(known), len(rows))


def _result_lines(result: Row) -> list[str]:
    verified = f"unverified ({', '.join(result['failed_checks'])})" if result["unverified"] else "verified"
    origin = f"{result['model']}, {result['tier']}, {result['finish_reason']}, {verified}"
    return [origin, *result["text"].splitlines()]


def _cell(value: object) -> object:
    return round(value, 1) if isinstance(value, float) else value
