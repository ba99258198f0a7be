"""The fleet for people, and what is missing for it to work."""

import json

from producer.fleet_description import cautions, describe, keyless
from staffel.cli.printing import as_json
from staffel.contracts.tiers import Tier
from staffel.fleet.loader import default_fleet_text, load_fleet, parse_fleet

SECRET = "sk-very-secret"


def test_whether_a_key_is_set_is_told_and_the_key_never_is() -> None:
    described = as_json(describe(load_fleet(), {"ANTHROPIC_API_KEY": SECRET, "OPENAI_API_KEY": "  "}))
    providers = {row["provider"]: row["key"] for row in json.loads(described)["providers"]}
    assert providers == {"embedded": "not needed", "anthropic": "set", "openai": "not set"}
    assert SECRET not in described


def test_local_models_are_paid_by_time_and_unknown_prices_are_said() -> None:
    text = default_fleet_text().replace('"gpt-6-sol"', '"nobody-knows-this"')
    models = {row["model"]: row for row in describe(parse_fleet(text, source="test"), {})["models"]}
    assert models["smollm2-135m"]["input_usd_per_million"] == "by slot time"
    assert models["nobody-knows-this"]["output_usd_per_million"] == "unknown"
    assert models["claude-sonnet-5-5"]["input_usd_per_million"] > 0


def test_missing_keys_prices_and_pools_are_cautions() -> None:
    text = default_fleet_text().replace('"gpt-6-sol"', '"nobody-knows-this"')
    text = text[: text.index("[pools.cloud]")]
    said = cautions(parse_fleet(text, source="test"), {"OPENAI_API_KEY": SECRET})
    assert said == [
        "tier cloud-premium: no pool serves it",
        "provider anthropic: ANTHROPIC_API_KEY is not set here",
        "model nobody-knows-this: its price is not known",
    ]


def test_a_tier_needs_one_key_of_several() -> None:
    fleet = load_fleet()
    assert keyless(fleet, Tier.CLOUD, {}) == ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"]
    assert keyless(fleet, Tier.CLOUD, {"OPENAI_API_KEY": SECRET}) == []
    assert keyless(fleet, Tier.FAST, {}) == []
