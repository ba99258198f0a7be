"""The table a tier of a batch."""

from dataclasses import replace
from decimal import Decimal

import pytest

from producer.commands.batch_tables import (
    expected_cost,
    print_report,
    report_cells,
    report_columns,
    report_document,
)
from producer.planning import TierPlan
from producer.queries import BatchReport
from producer.tier_report import Count, Money, TierRow
from staffel.cli.printing import as_json
from staffel.contracts.tiers import Tier
from staffel.fleet import load_fleet

ROW = TierRow(
    tier="adv-7b",
    decided=9,
    ended=15,
    degraded=6,
    unverified=2,
    input_tokens=1183,
    output_tokens=60,
    p50_s=1.62,
    p95_s=1.84,
    cost=Money(Decimal("0.01"), 0, 15),
    baseline=Money(Decimal("0.04"), 0, 15),
)
REPORT = BatchReport(
    batch={"id": "the-id", "name": "demo", "finished_at": None},
    tiers=[ROW],
    totals={"jobs": 15, "open": 3},
    degraded=[Count("no key", 6)],
    failed=[],
)


def test_a_row_has_a_cell_a_column() -> None:
    cells = report_cells(ROW)
    assert len(cells) == len(report_columns(load_fleet()))
    assert cells == [
        "adv-7b", "9/15", 2, 6, "1,183/60", "1.6/1.8", "$0.010000", "$0.040000", "$0.030000", "75.0%",
    ]  # fmt: skip


def test_an_unknown_price_makes_cost_and_saving_unknown() -> None:
    cells = report_cells(replace(ROW, cost=Money(Decimal(0), 15, 15)))
    assert cells[6:] == ["unknown", "$0.040000", "unknown", ""]


def test_the_report_shows_table_total_and_notes(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(REPORT, load_fleet())
    shown = capsys.readouterr().out
    assert "batch the-id demo: 3 jobs open" in shown
    assert "claude-sonnet-5-5" in shown
    assert "all" in shown
    assert "* one small model (smollm2-135m) plays all local tiers" in shown
    assert "* 6 jobs degraded: no key" in shown


def test_the_document_says_null_where_nothing_is_known() -> None:
    unknown = replace(REPORT, tiers=[replace(ROW, cost=Money(Decimal(0), 15, 15))])
    [tier] = report_document(unknown, load_fleet())["tiers"]
    assert (tier["cost"]["known_usd"], tier["cost"]["unknown_rows"], tier["saving_usd"]) == (None, 15, None)
    assert '"0.04"' in as_json(tier)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (TierPlan(Tier.FAST, jobs=2, by_slot_time=2), "by slot time"),
        (TierPlan(Tier.CLOUD, jobs=2, amount_usd=Decimal("0.5")), "$0.500000"),
        (TierPlan(Tier.CLOUD, jobs=2, unknown_prices=2), "2 unknown"),
        (TierPlan(Tier.ADV, jobs=3, amount_usd=Decimal(2), by_slot_time=1), "$2.0000 + by slot time"),
    ],
)
def test_the_expected_cost_says_what_cannot_be_known(plan: TierPlan, words: str) -> None:
    assert expected_cost(plan) == words
