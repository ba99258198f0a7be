"""Tables of batches: what became of one a tier, and what a dry run expects."""

from dataclasses import asdict
from typing import Any

import typer

from producer.commands.wording import money, share, usd
from producer.planning import Plan, TierPlan
from producer.queries import BatchReport
from producer.tier_report import Money, TierRow, notes, total_row
from staffel.cli.printing import note, print_whole, shown, table
from staffel.fleet import Fleet


def report_columns(fleet: Fleet) -> list[str]:
    return [
        "tier",
        ">decided\n/ended",
        ">unver-\nified",
        ">de-\ngraded",
        ">tokens\nin/out",
        ">seconds\np50/p95",
        ">cost",
        f">cost on\n{fleet.baseline_model}",
        ">saving",
        "",
    ]


def report_cells(row: TierRow) -> list[object]:
    """One row of the table."""
    return [
        row.tier or "(none)",
        f"{row.decided:,}/{row.ended:,}",
        row.unverified,
        row.degraded,
        f"{row.input_tokens:,}/{row.output_tokens:,}",
        _percentiles(row),
        money(row.cost),
        money(row.baseline),
        usd(row.saving_usd),
        share(row.saving_usd, row.baseline),
    ]


def _percentiles(row: TierRow) -> str:
    return "-" if row.p50_s is None or row.p95_s is None else f"{row.p50_s:.1f}/{row.p95_s:.1f}"


def print_report(report: BatchReport, fleet: Fleet) -> None:
    """The table a tier with its total, and the notes below it."""
    name = f" {report.batch['name']}" if report.batch["name"] else ""
    ended = report.batch["finished_at"]
    state = f"finished {shown(ended)}" if ended else f"{report.totals['open']} jobs open"
    typer.echo(f"batch {report.batch['id']}{name}: {state}")
    rows = [*report.tiers, total_row(report.tiers)]
    print_whole(table(report_columns(fleet), map(report_cells, rows)))
    for line in notes(report.tiers, report.degraded, report.failed, fleet):
        typer.echo(f"* {line}")


def report_document(report: BatchReport, fleet: Fleet) -> dict[str, Any]:
    """The same as one JSON document; amounts that are not known are null."""
    return {
        "batch_id": report.batch["id"],
        "batch": dict(report.batch),
        "totals": dict(report.totals),
        "tiers": [_tier_document(row) for row in report.tiers],
        "baseline_model": fleet.baseline_model,
        "degraded": [asdict(count) for count in report.degraded],
        "failed": [asdict(count) for count in report.failed],
        "notes": notes(report.tiers, report.degraded, report.failed, fleet),
    }


def _tier_document(row: TierRow) -> dict[str, Any]:
    document = asdict(row)
    document |= {"cost": _amount(row.cost), "baseline": _amount(row.baseline)}
    return document | {"saving_usd": row.saving_usd}


def _amount(amount: Money) -> dict[str, Any]:
    known = None if amount.rows and amount.unknown_rows == amount.rows else amount.known_usd
    return {"known_usd": known, "unknown_rows": amount.unknown_rows, "rows": amount.rows}


def print_plan(plan: Plan, fleet: Fleet) -> None:
    """What a batch would become; what is wrong with it goes to standard error."""
    invalid = f", {len(plan.rejected)} of them invalid" if plan.rejected else ""
    typer.echo(f"dry run: {plan.jobs} jobs{invalid}; nothing was submitted")
    columns = ["tier", ">jobs", ">tokens in,\nabout", ">tokens out,\nat most", ">cost,\nat most"]
    columns.append(f">cost on\n{fleet.baseline_model}")
    print_whole(table(columns, [_plan_cells(tier) for tier in plan.in_order()]))
    for refused in plan.refused:
        note(f"would fail: {refused.source}: {refused.reason}")


def plan_document(plan: Plan, fleet: Fleet) -> dict[str, Any]:
    """The same as one JSON document."""
    return {
        "dry_run": True,
        "jobs": plan.jobs,
        "tiers": [asdict(tier) for tier in plan.in_order()],
        "baseline_model": fleet.baseline_model,
        "rejected": [{"source": one.source, "reason": one.error.message} for one in plan.rejected],
        "refused": [asdict(one) for one in plan.refused],
    }


def _plan_cells(tier: TierPlan) -> list[object]:
    return [
        tier.tier,
        tier.jobs,
        tier.input_tokens,
        tier.output_limit_tokens,
        expected_cost(tier),
        money(Money(tier.baseline_usd, tier.unknown_baselines, tier.jobs)),
    ]


def expected_cost(tier: TierPlan) -> str:
    """The known part, and in words what cannot be known before."""
    priced = tier.jobs - tier.by_slot_time - tier.unknown_prices
    parts = [usd(tier.amount_usd)] if priced else []
    parts += ["by slot time"] if tier.by_slot_time else []
    parts += [f"{tier.unknown_prices} unknown"] if tier.unknown_prices else []
    return " + ".join(parts)
