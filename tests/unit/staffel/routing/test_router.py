"""Whole decisions."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from staffel.contracts.privacy import DataClass
from staffel.contracts.requests import Document, JobRequest, Message, Options, Strategy
from staffel.contracts.tiers import LADDER, Tier
from staffel.contracts.tokens import estimate_tokens
from staffel.routing import Decision, RoutingJob, RoutingState, fallback_tier, next_tier, route
from tests.unit.staffel.routing.routing_samples import covers_every_tier, fleet, job, local_only, model

LOCAL_TIERS = (Tier.FAST, Tier.STD, Tier.ADV)


def decide(text: str = "Hallo!", state: RoutingState | None = None, **fields: object) -> Decision:
    (decision,) = route([job(text, **fields)], fleet() if state is None else state)
    assert covers_every_tier(decision)
    return decision


@pytest.mark.parametrize(
    ("text", "task", "tier"),
    [
        ("Das Essen war kalt und die Bedienung müde.", "sentiment", Tier.FAST),
        ("Der Vertrag läuft zwölf Monate und verlängert sich dann.", "summarize", Tier.STD),
        ("The contract runs for twelve months.", "summarize", Tier.STD),
        ("Umsatz 2024: 3 Mio., 2025: 4 Mio.", "analyze", Tier.ADV),
        ("How do I reverse a list in Python?", "complete", Tier.STD),
        ("Wie kehre ich in Python eine Liste um?", "code", Tier.STD),
        ("Was ist die Hauptstadt von Frankreich?", "chat", Tier.FAST),
        ("What is the capital of France?", "complete", Tier.FAST),
        ("Warum fallen die Preise? Begründe deine Antwort.", "complete", Tier.ADV),
        ("Prove by induction that the algorithm is right and explain step by step.", "complete", Tier.CLOUD),
    ],
)
def test_a_job_starts_on_the_cheapest_tier_that_is_good_enough(text: str, task: str, tier: Tier) -> None:
    decision = decide(text, task=task)
    assert decision.tier is tier
    assert decision.permitted == LADDER
    assert decision.refusal is None


def test_a_decision_tells_what_it_saw() -> None:
    text = "Warum fallen die Preise? Begründe deine Antwort."
    decision = decide(text)
    assert (decision.task_type, decision.language) == ("reasoning", "de")
    assert decision.router_version == "rules-1"
    assert decision.input_tokens == estimate_tokens(text)
    assert decision.features["reasoning_words"] == 2
    assert decision.features["chars"] == len(text)
    assert decision.microseconds >= 0
    assert "task reasoning is served by adv-7b" in decision.reasons
    assert "2 reasoning words (warum, begründe)" in decision.reasons


def test_reasons_and_features_never_quote_the_prompt() -> None:
    decision = decide("Warum mag Zacharias keine Rosinen? Begründe Bauchweh durch Pflaumen.")
    told = " ".join([*decision.reasons, *map(str, decision.features.values())]).lower()
    for word in ("zacharias", "rosinen", "bauchweh", "pflaumen"):
        assert word not in told


def test_an_excluded_tier_gives_way_to_the_nearest_better_one() -> None:
    decision = decide("Fasse zusammen.", fleet(STD=()), task="summarize")
    assert decision.tier is Tier.ADV
    assert decision.reasons[-1] == (
        "std-3b is excluded (the fleet has no model for tier std-3b), adv-7b is the nearest permitted tier"
    )


def test_without_a_better_one_it_gives_way_to_the_best_cheaper_one() -> None:
    decision = decide("Wort " * 20_000, fleet(ADV=(model("seven", context_tokens=131_072),), CLOUD=()))
    assert decision.tier is Tier.ADV
    assert decision.permitted == (Tier.ADV,)


def test_a_restricted_job_never_sees_the_cloud() -> None:
    decision = decide("Prove the theorem by induction, step by step.", data_class=DataClass.RESTRICTED)
    assert decision.tier is Tier.ADV
    assert decision.permitted == LOCAL_TIERS
    assert next_tier(Tier.ADV, decision.permitted) is None


def test_a_forced_tier_starts_there_and_may_only_go_down() -> None:
    decision = decide(tier=Tier.STD)
    assert decision.tier is Tier.STD
    assert decision.permitted == (Tier.FAST, Tier.STD)
    assert next_tier(Tier.STD, decision.permitted) is None
    assert fallback_tier(Tier.STD, decision.permitted) is Tier.FAST
    assert decision.excluded[Tier.CLOUD] == "tier std-3b is asked for"
    assert decision.confidence == 1.0


def test_a_forced_cloud_tier_falls_back_on_the_best_local_one() -> None:
    decision = decide(tier=Tier.CLOUD)
    assert fallback_tier(Tier.CLOUD, decision.permitted) is Tier.ADV


def test_a_fixed_forced_tier_is_the_only_permitted_one() -> None:
    decision = decide(tier=Tier.STD, strategy=Strategy.FIXED)
    assert (decision.tier, decision.permitted) == (Tier.STD, (Tier.STD,))


def test_a_fixed_job_without_a_tier_stays_where_the_policy_puts_it() -> None:
    decision = decide(task="summarize", strategy=Strategy.FIXED)
    assert (decision.tier, decision.permitted) == (Tier.STD, (Tier.STD,))
    assert decision.excluded[Tier.ADV] == "strategy fixed stays on std-3b"


def test_a_forced_model_decides_the_tier() -> None:
    decision = decide(model="seven", task="sentiment")
    assert (decision.tier, decision.permitted) == (Tier.ADV, (Tier.ADV,))


def test_a_job_that_no_tier_may_serve_is_refused_with_its_reason() -> None:
    decision = decide("x" * 900_000)
    assert decision.tier is None
    assert decision.permitted == ()
    assert decision.refusal is not None
    assert decision.refusal.code == "context_exceeded"
    assert decision.reasons[-1] == decision.refusal.message
    assert decision.confidence == 0.0


def test_a_forced_tier_that_cannot_serve_is_refused_and_not_replaced() -> None:
    decision = decide("x" * 200_000, tier=Tier.FAST)
    assert decision.tier is None
    assert decision.refusal is not None
    assert "largest permitted context holds 32768" in decision.refusal.message


def test_a_cost_limit_keeps_a_hard_job_local() -> None:
    decision = decide("Prove the theorem by induction, step by step.", max_cost_usd=Decimal("0.0001"))
    assert decision.tier is Tier.ADV
    assert "max_cost_usd" in decision.excluded[Tier.CLOUD]


def test_a_deadline_plays_no_role() -> None:
    soon = datetime(2026, 1, 1, tzinfo=UTC)
    assert decide("Hallo!", deadline=soon) == decide("Hallo!")


def test_no_jobs_give_no_decisions() -> None:
    assert route([], local_only()) == []


def test_a_request_becomes_what_the_router_may_know() -> None:
    request = JobRequest(
        task="extract",
        messages=(Message(role="system", content="Kurz."), Message(role="user", content="Hallo")),
        options=Options(max_output_tokens=99, json_schema={"type": "object"}),
        tier=Tier.ADV,
        model="seven",
        strategy=Strategy.FIXED,
        data_class=DataClass.RESTRICTED,
        max_cost_usd=Decimal("0.5"),
    )
    assert RoutingJob.of(request) == job(
        "Kurz.\nHallo",
        task="extract",
        max_output_tokens=99,
        has_schema=True,
        tier=Tier.ADV,
        model="seven",
        strategy=Strategy.FIXED,
        data_class=DataClass.RESTRICTED,
        max_cost_usd=Decimal("0.5"),
        turns=2,
    )


def test_a_prompt_and_a_document_are_one_turn() -> None:
    assert RoutingJob.of(JobRequest(prompt="Hallo")).turns == 1
    assert RoutingJob.of(JobRequest(document=Document(text="Bericht"))).text == "Bericht"
