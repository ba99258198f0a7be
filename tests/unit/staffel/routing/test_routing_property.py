"""What holds for every job and every fleet."""

import random
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from staffel.contracts.privacy import DEFAULT_RESIDENCIES, DataClass, Residency
from staffel.contracts.requests import Strategy
from staffel.contracts.tasks import KnownTask
from staffel.contracts.tiers import LADDER, Tier
from staffel.routing import (
    ModelFacts,
    RoutingJob,
    RoutingState,
    contradictions,
    fallback_tier,
    next_tier,
    route,
)
from staffel.routing.constraints import eligible_models
from tests.unit.staffel.routing.routing_samples import covers_every_tier

MODEL_NAMES = ["one", "three", "seven", "premium"]
PRICES_USD = st.none() | st.decimals(0, 100, places=3)
WORDS = ["warum", "Begründe", "prove", "deadlock", "kurz", "übersetze", "```", "def f(", "Party", "\n"]
# Any string at all (surrogates, controls, right-to-left marks), and texts of words that mean something.
TEXTS = (
    st.text(st.characters(), max_size=200)
    | st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)
    | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1"))
    | st.builds(lambda text, times: text * times, st.text(max_size=20), st.integers(0, 300))
)
MODELS = st.builds(
    ModelFacts,
    name=st.sampled_from(MODEL_NAMES),
    residency=st.sampled_from(Residency),
    context_tokens=st.integers(1, 200_000),
    json_schema=st.booleans(),
    input_usd_per_million=PRICES_USD,
    output_usd_per_million=PRICES_USD,
)
FLEETS = st.builds(
    RoutingState,
    tiers=st.dictionaries(st.sampled_from(LADDER), st.lists(MODELS, max_size=3).map(tuple)),
    residencies=st.just(DEFAULT_RESIDENCIES),
)
JOBS = st.builds(
    RoutingJob,
    task=st.sampled_from(KnownTask).map(str) | st.from_regex(r"[a-z][a-z0-9_.-]{0,20}", fullmatch=True),
    text=TEXTS,
    max_output_tokens=st.integers(1, 128_000),
    has_schema=st.booleans(),
    tier=st.none() | st.sampled_from(Tier),
    model=st.none() | st.sampled_from([*MODEL_NAMES, "nine"]),
    strategy=st.sampled_from(Strategy),
    data_class=st.sampled_from(DataClass),
    deadline=st.none(),
    max_cost_usd=st.none() | st.decimals(Decimal("0.000001"), 10, places=6),
    turns=st.integers(1, 50),
)


@given(JOBS, FLEETS)
@settings(max_examples=300, deadline=None)
def test_every_tier_is_permitted_or_excluded_and_the_start_is_permitted(
    job: RoutingJob, state: RoutingState
) -> None:
    (decision,) = route([job], state)
    assert covers_every_tier(decision)
    assert list(decision.permitted) == sorted(decision.permitted, key=lambda tier: tier.level)
    assert all(decision.excluded.values())
    assert (decision.tier is None) == (decision.refusal is not None) == (not decision.permitted)
    assert decision.tier is None or decision.tier in decision.permitted
    assert 0.0 <= decision.confidence <= 1.0


@given(JOBS, FLEETS)
@settings(max_examples=200, deadline=None)
def test_every_permitted_tier_has_a_model_that_keeps_all_constraints(
    job: RoutingJob, state: RoutingState
) -> None:
    (decision,) = route([job], state)
    for tier in decision.permitted:
        for model in eligible_models(job, state, tier, decision.input_tokens):
            assert model.residency in DEFAULT_RESIDENCIES[job.data_class]
            assert decision.input_tokens + job.max_output_tokens < model.context_tokens
            assert model.json_schema or not job.has_schema
            assert job.model in {None, model.name}
        assert eligible_models(job, state, tier, decision.input_tokens)


@given(JOBS, FLEETS)
@settings(deadline=None)
def test_a_restricted_job_is_never_permitted_a_tier_without_a_local_model(
    job: RoutingJob, state: RoutingState
) -> None:
    (decision,) = route([job], state)
    if job.data_class is DataClass.RESTRICTED:
        for tier in decision.permitted:
            assert any(model.residency is Residency.LOCAL for model in state.tiers[tier])


@given(JOBS, FLEETS)
@settings(deadline=None)
def test_a_forced_tier_is_kept_or_refused(job: RoutingJob, state: RoutingState) -> None:
    (decision,) = route([job], state)
    if job.tier is not None:
        assert decision.tier in {None, job.tier}
        assert all(tier.level <= job.tier.level for tier in decision.permitted)
    if job.strategy is Strategy.FIXED:
        assert len(decision.permitted) <= 1


@given(JOBS, FLEETS)
@settings(deadline=None)
def test_a_contradictory_job_is_always_refused(job: RoutingJob, state: RoutingState) -> None:
    (decision,) = route([job], state)
    if contradictions(job, state):
        assert decision.refusal is not None


@given(st.lists(JOBS, max_size=6), FLEETS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_jobs_and_the_other_jobs_do_not_matter(
    jobs: list[RoutingJob], state: RoutingState, chance: random.Random
) -> None:
    order = list(range(len(jobs)))
    chance.shuffle(order)
    decisions = route(jobs, state)
    assert route([jobs[index] for index in order], state) == [decisions[index] for index in order]
    assert [route([job], state)[0] for job in jobs] == decisions


@given(st.sampled_from(LADDER), st.lists(st.sampled_from(LADDER), unique=True))
def test_steps_lead_only_to_other_permitted_tiers(current: Tier, permitted: list[Tier]) -> None:
    better, other = next_tier(current, permitted), fallback_tier(current, permitted)
    assert better is None or (better in permitted and better.level > current.level)
    assert other is None or (other in permitted and other is not current)
    assert better is None or other is better
