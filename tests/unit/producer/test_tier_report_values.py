"""The report a tier: sums, savings, and that what is unknown stays unknown."""

from decimal import Decimal
from typing import Any

from producer.tier_report import Count, Money, notes, only_local_model, saving_usd, tier_rows, total_row
from staffel.fleet.loader import default_fleet_text, load_fleet, parse_fleet


def row(tier: str | None, **values: Any) -> dict[str, Any]:
    zero = dict.fromkeys(
        (
            "decided", "jobs", "succeeded", "degraded", "unverified", "input_tokens", "output_tokens",
            "unknown_prices", "unknown_baselines", "cost_rows",
        ),
        0,
    )  # fmt: skip
    amounts = {"amount_usd": Decimal(0), "baseline_usd": Decimal(0), "p50_s": None, "p95_s": None}
    return {"tier": tier, **zero, **amounts, **values}


def test_tiers_come_in_the_order_of_the_ladder_and_the_rest_in_one_row() -> None:
    rows = tier_rows([row(None, decided=2), row("adv-7b"), row(None, jobs=2), row("fast-1.5b")])
    assert [one.tier for one in rows] == ["fast-1.5b", "adv-7b", None]
    assert (rows[-1].decided, rows[-1].ended) == (2, 2)


def test_the_total_adds_everything_but_percentiles() -> None:
    rows = tier_rows(
        [
            row("fast-1.5b", jobs=2, input_tokens=10, amount_usd=Decimal("0.1"), cost_rows=2, p50_s=1.0),
            row("std-3b", jobs=3, input_tokens=20, amount_usd=Decimal("0.2"), cost_rows=3, p50_s=2.0),
        ]
    )
    total = total_row(rows)
    assert (total.ended, total.input_tokens, total.p50_s) == (5, 30, None)
    assert total.cost == Money(Decimal("0.3"), 0, 5)


def test_a_saving_is_the_difference_to_the_baseline() -> None:
    [fast] = tier_rows([row("fast-1.5b", amount_usd=Decimal(1), baseline_usd=Decimal(4), cost_rows=1)])
    assert fast.saving_usd == Decimal(3)


def test_nothing_is_saved_for_certain_while_a_price_is_unknown() -> None:
    assert saving_usd(Money(Decimal(1), 1, 2), Money(Decimal(4), 0, 2)) is None
    assert saving_usd(Money(Decimal(1), 0, 2), Money(Decimal(4), 2, 2)) is None


def test_the_notes_say_why_jobs_were_degraded_failed_and_unverified() -> None:
    rows = tier_rows([row("adv-7b", unverified=2, unknown_prices=1, cost_rows=3)])
    said = "\n".join(notes(rows, [Count("no key", 1)], [Count("provider_rejected", 2)], load_fleet()))
    assert "1 job degraded: no key" in said
    assert "2 jobs failed: provider_rejected" in said
    assert "2 jobs unverified" in said
    assert "1 cost rows have no known price" in said


def test_one_model_on_all_local_tiers_is_said_plainly() -> None:
    fleet = load_fleet()
    assert only_local_model(fleet) == "smollm2-135m"
    assert notes([], [], [], fleet) == [
        "one small model (smollm2-135m) plays all local tiers; this shows the fleet, no quality is claimed"
    ]


def test_different_local_models_need_no_such_note() -> None:
    text = default_fleet_text().replace(
        '[tiers."adv-7b"]\nmodels = ["smollm2-135m"]', '[tiers."adv-7b"]\nmodels = ["other"]'
    )
    text += '\n[models."other"]\nprovider = "embedded"\ncontext_tokens = 2048\n'
    assert only_local_model(parse_fleet(text, source="test")) is None
