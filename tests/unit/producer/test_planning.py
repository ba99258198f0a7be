"""A dry run counts, prices and refuses without storing anything."""

from datetime import UTC, datetime
from decimal import Decimal

from producer.planning import Planner
from producer.submission import Rejected, Submitted
from staffel.contracts.errors import UnreadableDocumentError
from staffel.contracts.requests import JobRequest
from staffel.contracts.tiers import Tier
from staffel.fleet.loader import default_fleet_text, load_fleet, parse_fleet

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def item(**fields: object) -> Submitted:
    return Submitted(JobRequest.model_validate({"prompt": "Hello there", **fields}), "a.txt")


def test_local_jobs_are_paid_by_slot_time_and_cloud_jobs_by_token() -> None:
    plan = Planner(load_fleet()).plan([item(tier="fast-1.5b"), item(tier="cloud-premium")], NOW)
    fast, cloud = plan.in_order()
    assert (fast.tier, fast.by_slot_time, fast.amount_usd) == (Tier.FAST, 1, Decimal(0))
    assert (cloud.tier, cloud.by_slot_time, cloud.amount_usd) == (Tier.CLOUD, 0, cloud.baseline_usd)
    assert fast.baseline_usd > 0


def test_the_estimate_counts_the_whole_output_limit() -> None:
    short, long = (
        Planner(load_fleet()).plan([item(tier="cloud-premium", options={"max_output_tokens": limit})], NOW)
        for limit in (10, 1000)
    )
    assert short.in_order()[0].output_limit_tokens == 10
    assert short.in_order()[0].amount_usd < long.in_order()[0].amount_usd


def test_a_forced_model_is_the_one_that_is_priced() -> None:
    plan = Planner(load_fleet()).plan(
        [item(tier="cloud-premium", model=model) for model in ("claude-opus-5-5", "claude-sonnet-5-5")], NOW
    )
    [cloud] = plan.in_order()
    assert cloud.amount_usd > cloud.baseline_usd


def test_an_unknown_price_is_counted_and_never_zero() -> None:
    text = default_fleet_text().replace("claude-sonnet-5-5", "nobody-knows-this")
    plan = Planner(parse_fleet(text, source="test")).plan([item(tier="cloud-premium")], NOW)
    [cloud] = plan.in_order()
    assert (cloud.unknown_prices, cloud.unknown_baselines) == (1, 1)


def test_contradictions_and_past_deadlines_are_rejected_as_at_submission() -> None:
    plan = Planner(load_fleet()).plan(
        [
            item(tier="cloud-premium", data_class="restricted"),
            item(deadline="2020-01-01T00:00:00Z"),
            Rejected("b.pdf", UnreadableDocumentError("no text")),
            item(),
        ],
        NOW,
    )
    assert [rejected.error.message.split(":")[0] for rejected in plan.rejected] == [
        "data_class, tier",
        "deadline",
        "no text",
    ]
    assert plan.jobs == 4


def test_a_job_that_fits_nowhere_is_foretold_with_its_reason() -> None:
    plan = Planner(load_fleet()).plan([item(data_class="restricted", prompt="word " * 4000)], NOW)
    [refused] = plan.refused
    assert refused.source == "a.txt"
    assert "2048" in refused.reason
    assert plan.in_order() == []
