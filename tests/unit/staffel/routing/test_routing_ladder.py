"""Steps between permitted tiers."""

import pytest

from staffel.contracts.tiers import LADDER, Tier
from staffel.routing.ladder import fallback_tier, nearest_tier, next_tier


def test_escalation_takes_the_nearest_better_tier() -> None:
    assert next_tier(Tier.FAST, LADDER) is Tier.STD


def test_escalation_skips_what_is_not_permitted() -> None:
    assert next_tier(Tier.FAST, (Tier.FAST, Tier.CLOUD)) is Tier.CLOUD


@pytest.mark.parametrize("permitted", [(), (Tier.ADV,), (Tier.FAST, Tier.STD, Tier.ADV)])
def test_escalation_never_goes_down(permitted: tuple[Tier, ...]) -> None:
    assert next_tier(Tier.ADV, permitted) is None


def test_a_tier_that_cannot_answer_falls_back_on_the_nearest_better_one() -> None:
    assert fallback_tier(Tier.STD, LADDER) is Tier.ADV


def test_the_cloud_falls_back_on_the_best_local_tier() -> None:
    assert fallback_tier(Tier.CLOUD, LADDER) is Tier.ADV


def test_a_fallback_goes_down_only_when_nothing_better_is_permitted() -> None:
    assert fallback_tier(Tier.ADV, (Tier.FAST, Tier.STD, Tier.ADV)) is Tier.STD


def test_a_single_permitted_tier_has_no_fallback() -> None:
    assert fallback_tier(Tier.STD, (Tier.STD,)) is None


def test_the_nearest_tier_is_the_wanted_one_where_it_is_permitted() -> None:
    assert nearest_tier(Tier.STD, LADDER) is Tier.STD
    assert nearest_tier(Tier.STD, (Tier.FAST, Tier.CLOUD)) is Tier.CLOUD
    assert nearest_tier(Tier.STD, ()) is None
