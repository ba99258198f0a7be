"""The fleet for people: what it offers, and what is missing for it to work as declared."""

from collections.abc import Mapping
from typing import Any

from staffel.contracts.privacy import Residency
from staffel.contracts.tiers import LADDER, Tier
from staffel.fleet import Fleet, Provider
from staffel.fleet.prices import TokenUsage, token_price

ONE_TOKEN = TokenUsage(input_tokens=1, output_tokens=1)


def describe(fleet: Fleet, environment: Mapping[str, str]) -> dict[str, Any]:
    """Tiers, pools, models, providers and data classes as rows; whether a key is set, never the key."""
    return {
        "tiers": [
            {"tier": tier, "models": list(fleet.tiers[tier].models), "slots": fleet.slots_of(tier)}
            for tier in LADDER
            if tier in fleet.tiers
        ],
        "pools": [
            {"pool": name, "tier": pool.tier, "slots": pool.slots, "slot_hour_usd": fleet.slot_hour_usd(name)}
            for name, pool in fleet.pools.items()
        ],
        "models": [_model(fleet, name) for name in fleet.models],
        "providers": [_provider(name, spec, environment) for name, spec in fleet.providers.items()],
        "data_classes": [
            {"data_class": data_class, "residencies": sorted(residencies)}
            for data_class, residencies in fleet.data_classes.items()
        ],
        "baseline_model": fleet.baseline_model,
    }


def cautions(fleet: Fleet, environment: Mapping[str, str]) -> list[str]:
    """What is valid, and yet not what people may expect."""
    said = [
        f"tier {tier}: no pool serves it"
        for tier in LADDER
        if tier in fleet.tiers and not fleet.slots_of(tier)
    ]
    said += [f"tier {tier}: not offered" for tier in LADDER if tier not in fleet.tiers]
    used = {fleet.models[name].provider for spec in fleet.tiers.values() for name in spec.models}
    said += [
        f"provider {name}: {fleet.providers[name].api_key_env} is not set here"
        for name in sorted(used)
        if _key(fleet.providers[name], environment) == "not set"
    ]
    offered = {name for spec in fleet.tiers.values() for name in spec.models} | {fleet.baseline_model}
    said += [
        f"model {name}: its price is not known" for name in sorted(offered) if not _is_priced(fleet, name)
    ]
    return said


def keyless(fleet: Fleet, tier: Tier, environment: Mapping[str, str]) -> list[str]:
    """The variables of which one would have to be set for the tier to work; none when it works."""
    providers = [fleet.provider_of(name) for name in fleet.tiers[tier].models]
    if any(_key(provider, environment) != "not set" for provider in providers):
        return []
    return sorted({str(provider.api_key_env) for provider in providers})


def _model(fleet: Fleet, name: str) -> dict[str, Any]:
    spec, price = fleet.models[name], token_price(fleet, name, ONE_TOKEN)
    local = fleet.residency_of(name) is Residency.LOCAL
    return {
        "model": name,
        "provider": spec.provider,
        "context_tokens": spec.context_tokens,
        "json_schema": spec.json_schema,
        "input_usd_per_million": _unit(price.input_usd_per_million if price else None, local=local),
        "output_usd_per_million": _unit(price.output_usd_per_million if price else None, local=local),
    }


def _unit(price: object, *, local: bool) -> object:
    if local:
        return "by slot time"
    return "unknown" if price is None else price


def _provider(name: str, spec: Provider, environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        "provider": name,
        "protocol": spec.protocol,
        "residency": spec.residency,
        "base_url": spec.base_url or ("embedded" if spec.embedded else "the vendor's"),
        "api_key_env": spec.api_key_env,
        "key": _key(spec, environment),
    }


def _key(spec: Provider, environment: Mapping[str, str]) -> str:
    if spec.api_key_env is None:
        return "not needed"
    return "set" if environment.get(spec.api_key_env, "").strip() else "not set"


def _is_priced(fleet: Fleet, name: str) -> bool:
    local = name in fleet.models and fleet.residency_of(name) is Residency.LOCAL
    return local or token_price(fleet, name, ONE_TOKEN) is not None
