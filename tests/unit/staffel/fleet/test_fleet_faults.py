"""What is wrong with a fleet.toml is said with its line and its field."""

from decimal import Decimal
from pathlib import Path

import pytest

from staffel.contracts.errors import ConfigurationError
from staffel.contracts.privacy import DataClass
from staffel.contracts.tiers import Tier
from staffel.fleet import load_fleet
from staffel.fleet.loader import default_fleet_text, parse_fleet
from tests.support.fleet import FLEET

HOUSE = parse_fleet(FLEET, source="house.toml")


def line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize(
    ("old", "new", "field", "words", "at"),
    [
        (
            'provider = "house"',
            'provider = "nope"',
            "models.small.provider",
            "no provider 'nope'",
            "provider",
        ),
        (
            'models = ["claude',
            'models = ["nope", "claude',
            "tiers.cloud-premium.models.0",
            "no model",
            "models",
        ),
        ('residency = "local"', 'residency = "moon"', "providers.house.residency", "'world'", "residency"),
        ("context_tokens = 8192", "context_tokens = 0", "models.small.context_tokens", "greater", "context"),
        ("slots = 2", "slots = 0", "pools.fast.slots", "greater than or equal to 1", "slots"),
        ("slots = 2", "slot = 2", "pools.fast.slot", "Extra inputs", "slot"),
        ('tier = "std-3b"', 'tier = "tiny"', "pools.std.tier", "'fast-1.5b'", "tier"),
        ('baseline_model = "claude-sonnet-5-5"', "", "baseline_model", "required", ""),
    ],
)
def test_a_fault_names_its_line_and_its_field(old: str, new: str, field: str, words: str, at: str) -> None:
    text = FLEET.replace(old, new, 1)
    with pytest.raises(ConfigurationError) as caught:
        parse_fleet(text, source="house.toml")
    message = caught.value.message
    assert words in message
    place, told, _ = message.split(": ", 2)
    assert told == field
    name, number = place.split(":")
    assert name == "house.toml"
    if at:
        line = text.splitlines()[int(number) - 1]
        assert line.startswith(at)
        assert new.splitlines()[0].startswith(line) or new in line or line in new


def test_all_faults_are_told_at_once() -> None:
    text = FLEET.replace("slots = 2", "slots = 0").replace("context_tokens = 8192", "context_tokens = 0")
    with pytest.raises(ConfigurationError) as caught:
        parse_fleet(text, source="house.toml")
    assert len(caught.value.message.splitlines()) == 2


def test_a_data_class_that_is_not_declared_is_missed() -> None:
    text = FLEET + '\n[data_classes]\npublic = ["world"]\n'
    with pytest.raises(ConfigurationError, match="data_classes: nothing is said of internal, confidential"):
        parse_fleet(text, source="house.toml")


def test_broken_toml_is_told_with_its_line() -> None:
    with pytest.raises(ConfigurationError, match=r"house\.toml: .*line 2"):
        parse_fleet("a = 1\nb = \n", source="house.toml")


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "fleet.toml"
    with pytest.raises(ConfigurationError, match=r"fleet\.toml: No such file"):
        load_fleet(missing)
    missing.write_bytes("# für\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"fleet\.toml: .*UTF-8"):
        load_fleet(missing)


def test_the_default_fleet_is_valid_and_has_every_tier() -> None:
    fleet = parse_fleet(default_fleet_text(), source="default")
    assert set(fleet.tiers) == set(Tier)
    assert fleet.embedded_slots == 4
    assert all(fleet.slots_of(tier) for tier in Tier)


def test_a_data_class_sees_only_the_models_that_it_permits() -> None:
    assert HOUSE.models_for(Tier.CLOUD, DataClass.PUBLIC) == ("claude-sonnet-5-5", "own")
    assert HOUSE.models_for(Tier.CLOUD, DataClass.RESTRICTED) == ()
    assert HOUSE.models_for(Tier.FAST, DataClass.RESTRICTED) == ("small",)


def test_a_model_knows_the_tiers_that_offer_it() -> None:
    assert HOUSE.tiers_of("small") == (Tier.FAST, Tier.STD, Tier.ADV)
    assert HOUSE.tiers_of("nope") == ()


def test_a_slot_costs_what_its_pool_says_else_the_common_price() -> None:
    own = parse_fleet(FLEET.replace("slots = 2", 'price_per_slot_hour_usd = "9"'), source="x")
    assert [own.slot_hour_usd(pool) for pool in ("fast", "std")] == [Decimal(9), Decimal("0.36")]
