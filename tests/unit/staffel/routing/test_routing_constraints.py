"""Hard constraints: which tiers are admitted, and how an exclusion reads."""

from decimal import Decimal

from staffel.contracts.privacy import DataClass, Residency
from staffel.contracts.tiers import LADDER, Tier
from staffel.routing.constraints import admit, eligible_models
from staffel.routing.values import RoutingState
from tests.unit.staffel.routing.routing_samples import FLEET, fleet, job, local_only, model

LOCAL_TIERS = (Tier.FAST, Tier.STD, Tier.ADV)
EU_MODEL = model("eu-premium", residency=Residency.EU, prices_usd=("4", "16"))


def test_without_constraints_every_tier_is_admitted() -> None:
    verdict = admit(job(), fleet(), 10)
    assert (verdict.admitted, verdict.excluded, verdict.refusal) == (LADDER, {}, None)


def test_a_restricted_job_stays_at_home() -> None:
    verdict = admit(job(data_class=DataClass.RESTRICTED), fleet(), 10)
    assert verdict.admitted == LOCAL_TIERS
    assert verdict.excluded == {
        Tier.CLOUD: "data class restricted permits only local, the models process in world"
    }


def test_a_confidential_job_may_use_a_cloud_tier_with_a_model_in_the_eu() -> None:
    state = fleet(CLOUD=(*FLEET[Tier.CLOUD], EU_MODEL))
    confidential = job(data_class=DataClass.CONFIDENTIAL)
    assert admit(confidential, state, 10).admitted == LADDER
    assert eligible_models(confidential, state, Tier.CLOUD, 10) == (EU_MODEL,)


def test_a_data_class_that_the_fleet_does_not_know_goes_nowhere() -> None:
    verdict = admit(job(), RoutingState(FLEET, {}), 10)
    assert verdict.admitted == ()
    assert verdict.refusal is not None
    assert verdict.refusal.code == "data_class"
    assert "permits only no place" in verdict.refusal.message


def test_the_prompt_its_template_and_its_answer_have_to_fit_the_context() -> None:
    state = fleet(FAST=(model("one", context_tokens=1_024),))
    assert Tier.FAST in admit(job(max_output_tokens=500), state, 500).admitted
    verdict = admit(job(max_output_tokens=501), state, 500)
    assert "need about 1025 tokens" in verdict.excluded[Tier.FAST]
    assert Tier.FAST in admit(job(max_output_tokens=452, turns=3), state, 500).admitted
    assert Tier.FAST not in admit(job(max_output_tokens=453, turns=3), state, 500).admitted


def test_one_large_model_is_enough_to_admit_a_tier() -> None:
    large = model("large", context_tokens=100_000)
    state = fleet(STD=(model("three", context_tokens=1_024), large))
    assert eligible_models(job(), state, Tier.STD, 50_000) == (large,)
    assert Tier.STD in admit(job(), state, 50_000).admitted


def test_a_text_too_long_for_all_is_refused_with_both_counts() -> None:
    refusal = admit(job(max_output_tokens=976), fleet(), 300_000).refusal
    assert refusal is not None
    assert refusal.code == "context_exceeded"
    assert "301000 tokens" in refusal.message
    assert "200000" in refusal.message


def test_a_restricted_text_too_long_for_the_local_models_names_the_local_context() -> None:
    refusal = admit(job(data_class=DataClass.RESTRICTED), fleet(), 100_000).refusal
    assert refusal is not None
    assert refusal.code == "context_exceeded"
    assert "the largest permitted context holds 32768" in refusal.message


def test_a_schema_needs_a_model_that_knows_schemas() -> None:
    state = fleet(FAST=(model("plain", json_schema=False),))
    verdict = admit(job(has_schema=True), state, 10)
    assert verdict.excluded == {Tier.FAST: "no JSON schema with plain"}
    assert Tier.FAST in admit(job(has_schema=False), state, 10).admitted


def test_the_cost_limit_counts_the_whole_answer() -> None:
    # (976 + 24) x 3 + 1,000 x 15 USD a million = 0.018 USD
    enough = job(max_output_tokens=1_000, max_cost_usd=Decimal("0.018"))
    scarce = job(max_output_tokens=1_000, max_cost_usd=Decimal("0.0179"))
    assert Tier.CLOUD in admit(enough, fleet(), 976).admitted
    verdict = admit(scarce, fleet(), 976)
    assert verdict.excluded == {Tier.CLOUD: "a call could cost 0.018 USD, max_cost_usd is 0.0179"}


def test_local_models_are_free_for_the_cost_limit() -> None:
    assert admit(job(max_cost_usd=Decimal("0.000000001")), fleet(), 1_000).admitted == LOCAL_TIERS


def test_a_model_with_an_unknown_price_cannot_keep_a_cost_limit() -> None:
    state = fleet(CLOUD=(model("unpriced", residency=Residency.WORLD),))
    verdict = admit(job(max_cost_usd=Decimal(5)), state, 10)
    assert "the price is not known" in verdict.excluded[Tier.CLOUD]
    assert Tier.CLOUD in admit(job(), state, 10).admitted


def test_a_cost_limit_that_nothing_keeps_is_refused() -> None:
    state = fleet(FAST=(), STD=(), ADV=())
    refusal = admit(job(max_cost_usd=Decimal("0.001")), state, 10).refusal
    assert refusal is not None
    assert (refusal.code, refusal.field) == ("max_cost_usd", "max_cost_usd")


def test_a_forced_model_admits_only_the_tiers_that_offer_it() -> None:
    verdict = admit(job(model="seven"), fleet(), 10)
    assert verdict.admitted == (Tier.ADV,)
    assert verdict.excluded[Tier.FAST] == "model 'seven' is not offered here"


def test_a_model_that_nobody_offers_is_refused_by_its_field() -> None:
    refusal = admit(job(model="nine"), fleet(), 10).refusal
    assert refusal is not None
    assert (refusal.code, refusal.field) == ("invalid_request", "model")


def test_a_forced_tier_that_is_excluded_excludes_the_others_too() -> None:
    verdict = admit(job(tier=Tier.CLOUD, data_class=DataClass.RESTRICTED), fleet(), 10)
    assert verdict.admitted == ()
    assert verdict.excluded[Tier.FAST] == "tier cloud-premium is asked for"
    assert verdict.refusal is not None
    assert verdict.refusal.code == "data_class"


def test_a_forced_tier_that_the_fleet_lacks_is_refused_by_its_field() -> None:
    refusal = admit(job(tier=Tier.CLOUD), local_only(), 10).refusal
    assert refusal is not None
    assert (refusal.code, refusal.field) == ("invalid_request", "tier")


def test_a_fleet_without_any_model_is_a_matter_of_configuration() -> None:
    verdict = admit(job(), RoutingState({}, {}), 10)
    assert verdict.refusal is not None
    assert verdict.refusal.code == "configuration"
    assert list(verdict.excluded) == list(LADDER)
