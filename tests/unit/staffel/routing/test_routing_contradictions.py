"""Requests that cannot hold together."""

import pytest

from staffel.contracts.privacy import DataClass
from staffel.contracts.tiers import Tier
from staffel.routing import contradictions
from staffel.routing.values import RoutingState
from tests.unit.staffel.routing.routing_samples import FLEET, fleet, job, local_only, model


def test_a_plain_job_has_no_contradiction() -> None:
    assert contradictions(job(), fleet()) == []


@pytest.mark.parametrize("tier", list(Tier))
def test_a_tier_of_the_fleet_with_its_own_model_is_no_contradiction(tier: Tier) -> None:
    assert contradictions(job(tier=tier, model=FLEET[tier][0].name, has_schema=True), fleet()) == []


@pytest.mark.parametrize("data_class", [DataClass.CONFIDENTIAL, DataClass.RESTRICTED])
def test_closed_data_and_a_forced_cloud_tier_name_both_fields(data_class: DataClass) -> None:
    (found,) = contradictions(job(tier=Tier.CLOUD, data_class=data_class), fleet())
    assert found.fields == ("data_class", "tier")
    for word in ("data_class", data_class, "tier", "cloud-premium", "world"):
        assert word in found.message


def test_closed_data_and_a_forced_tier_with_one_local_model_is_fine() -> None:
    state = fleet(CLOUD=(*FLEET[Tier.CLOUD], model("seventy")))
    assert contradictions(job(tier=Tier.CLOUD, data_class=DataClass.RESTRICTED), state) == []


def test_an_unknown_model_names_its_field() -> None:
    (found,) = contradictions(job(model="nine"), fleet())
    assert found.fields == ("model",)
    assert "'nine'" in found.message


def test_a_model_of_another_tier_names_both_fields() -> None:
    (found,) = contradictions(job(model="seven", tier=Tier.FAST), fleet())
    assert found.fields == ("model", "tier")
    assert "fast-1.5b" in found.message


def test_closed_data_and_a_forced_cloud_model_name_both_fields() -> None:
    (found,) = contradictions(job(model="premium", data_class=DataClass.RESTRICTED), fleet())
    assert found.fields == ("data_class", "model")


def test_a_forced_model_is_judged_by_itself_within_a_mixed_tier() -> None:
    state = fleet(CLOUD=(*FLEET[Tier.CLOUD], model("seventy")))
    restricted = job(model="premium", tier=Tier.CLOUD, data_class=DataClass.RESTRICTED)
    assert [found.fields for found in contradictions(restricted, state)] == [("data_class", "model")]


def test_a_tier_that_the_fleet_lacks_names_its_field() -> None:
    (found,) = contradictions(job(tier=Tier.CLOUD), local_only())
    assert found.fields == ("tier",)


def test_a_missing_tier_and_an_unknown_model_are_both_told() -> None:
    found = contradictions(job(tier=Tier.CLOUD, model="nine"), local_only())
    assert [one.fields for one in found] == [("tier",), ("model",)]


def test_a_schema_and_a_model_without_schemas_name_both_fields() -> None:
    state = fleet(FAST=(model("plain", json_schema=False),))
    (found,) = contradictions(job(model="plain", has_schema=True), state)
    assert found.fields == ("options.json_schema", "model")
    (found,) = contradictions(job(tier=Tier.FAST, has_schema=True), state)
    assert found.fields == ("options.json_schema", "tier")


def test_an_empty_fleet_offers_nothing() -> None:
    found = contradictions(job(tier=Tier.FAST, model="one"), RoutingState({}, {}))
    assert [one.fields for one in found] == [("tier",), ("model",)]
