"""`staffel costs`: sums of the ledger."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from producer.commands.session import parse_id, run, settings
from producer.commands.wording import money, share, usd
from producer.tier_report import Money, saving_usd
from staffel.cli.printing import note, print_json, print_whole, table
from staffel.contracts.errors import InvalidRequestError

if TYPE_CHECKING:
    from uuid import UUID

    from producer.queries import Row

KEYS = ("tier", "model", "task", "day")
COUNTS = (
    "rows",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "estimated",
    "unknown",
    "unknown_baselines",
)


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Jobs")(costs)


def costs(
    by: Annotated[str, typer.Option(help="tier, model, task or day.")] = "tier",
    batch: Annotated[str | None, typer.Option(metavar="ID", help="Of one batch only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Sum up what all calls cost, and what the same tokens cost on the baseline model."""
    if by not in KEYS:
        raise InvalidRequestError(f"{by!r} is none of {', '.join(KEYS)}", field="by")
    rows = run(_ask(by, parse_id(batch, "batch") if batch else None))
    total = total_of(rows)
    if as_json:
        print_json({"by": by, "rows": [_document(row) for row in rows], "total": _document(total)})
        return
    columns = [
        by,
        ">rows",
        ">tokens in",
        ">cached",
        ">tokens out",
        ">estimated",
        ">cost",
        ">baseline",
        ">saving",
        "",
    ]
    print_whole(table(columns, map(_cells, [*rows, total])))
    if total["unknown"]:
        note(f"{total['unknown']} rows have no known price and are not in the sums")


async def _ask(by: str, batch_id: "UUID | None") -> "list[Row]":
    from producer.bootstrap import open_queries
    from staffel.storage.repositories.reports import CostKey

    async with open_queries(settings()) as queries:
        return await queries.costs(CostKey(by), batch_id)


def total_of(rows: "list[Row]") -> "Row":
    """All rows in one."""
    counts = {name: sum(int(row[name]) for row in rows) for name in COUNTS}
    amounts = {name: sum((row[name] for row in rows), Decimal(0)) for name in ("amount_usd", "baseline_usd")}
    return {"key": "all", **counts, **amounts}


def _money(row: "Row") -> tuple[Money, Money]:
    return (
        Money(row["amount_usd"], row["unknown"], row["rows"]),
        Money(row["baseline_usd"], row["unknown_baselines"], row["rows"]),
    )


def _cells(row: "Row") -> list[object]:
    cost, baseline = _money(row)
    saved = saving_usd(cost, baseline)
    counted = ("rows", "input_tokens", "cached_input_tokens", "output_tokens", "estimated")
    return [
        row["key"],
        *(int(row[name]) for name in counted),
        money(cost),
        money(baseline),
        usd(saved),
        share(saved, baseline),
    ]


def _document(row: "Row") -> dict[str, Any]:
    """Amounts are null when no row has a known price; `unknown` counts those that have none."""
    cost, baseline = _money(row)
    document = {name: int(value) if name in COUNTS else value for name, value in row.items()}
    for name, amount in (("amount_usd", cost), ("baseline_usd", baseline)):
        if amount.rows and amount.unknown_rows == amount.rows:
            document[name] = None
    return document
