"""The shape of `fleet.toml`, checked as a whole: every name that is used must be declared."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from staffel.contracts.privacy import DEFAULT_RESIDENCIES, DataClass, Residency
from staffel.contracts.tiers import LADDER, Tier

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}$")]
PoolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class Protocol(StrEnum):
    """The wire protocols a provider may speak."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    OLLAMA = "ollama"


class Spec(BaseModel):
    """Base of the tables in `fleet.toml`: unknown keys are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Provider(Spec):
    """One endpoint that speaks one protocol. A provider with `api_key_env` works only where that is set."""

    protocol: Protocol
    residency: Residency
    base_url: str | None = None
    api_key_env: str | None = None
    embedded: bool = False
    price_provider: str | None = None
    timeout_s: float = Field(default=300.0, gt=0, le=3600)

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=self.timeout_s)


class Model(Spec):
    """A name at a provider. `price_model` names it in the price library where the names differ."""

    provider: str
    context_tokens: int = Field(gt=0)
    remote_name: str | None = None
    price_model: str | None = None
    json_schema: bool = True


class TierSpec(Spec):
    """A tier's models in order of preference."""

    models: tuple[str, ...] = Field(min_length=1)


class Pool(Spec):
    """One Celery worker node that serves one tier with a number of slots."""

    tier: Tier
    slots: int = Field(default=1, ge=1, le=1024)
    price_per_slot_hour_usd: Decimal | None = Field(default=None, ge=0)


class Fleet(Spec):
    """Everything `fleet.toml` declares."""

    baseline_model: str
    price_per_slot_hour_usd: Decimal = Field(default=Decimal("0.20"), ge=0)
    data_classes: dict[DataClass, frozenset[Residency]] = Field(
        default_factory=lambda: dict(DEFAULT_RESIDENCIES)
    )
    providers: dict[Name, Provider]
    models: dict[Name, Model]
    tiers: dict[Tier, TierSpec]
    pools: dict[PoolName, Pool]

    @model_validator(mode="after")
    def _names_are_declared(self) -> Self:
        for name, model in self.models.items():
            _require(model.provider in self.providers, f"models.{name}.provider", model.provider, "provider")
        for tier, spec in self.tiers.items():
            for index, model_name in enumerate(spec.models):
                _require(model_name in self.models, f"tiers.{tier}.models.{index}", model_name, "model")
        for name, pool in self.pools.items():
            _require(pool.tier in self.tiers, f"pools.{name}.tier", pool.tier, "tier")
        missing = [data_class for data_class in DataClass if data_class not in self.data_classes]
        if missing:
            raise ValueError(f"data_classes: nothing is said of {', '.join(missing)}")
        return self

    def provider_of(self, model: str) -> Provider:
        return self.providers[self.models[model].provider]

    def residency_of(self, model: str) -> Residency:
        return self.provider_of(model).residency

    def permits(self, data_class: DataClass, model: str) -> bool:
        """Whether content of this class may be sent to the model's provider."""
        return self.residency_of(model) in self.data_classes[data_class]

    def models_for(self, tier: Tier, data_class: DataClass) -> tuple[str, ...]:
        """The tier's models that the data class permits, in order of preference."""
        spec = self.tiers.get(tier)
        return tuple(name for name in spec.models if self.permits(data_class, name)) if spec else ()

    def tiers_beyond(self, provider: str, data_class: DataClass) -> frozenset[Tier]:
        """The tiers whose first model for the data class is another provider's."""
        first = {tier: self.models_for(tier, data_class)[:1] for tier in self.tiers}
        return frozenset(
            tier for tier, names in first.items() for name in names if self.models[name].provider != provider
        )

    def tiers_of(self, model: str) -> tuple[Tier, ...]:
        """The tiers that offer a model, cheapest first."""
        return tuple(tier for tier in LADDER if tier in self.tiers and model in self.tiers[tier].models)

    def slots_of(self, tier: Tier) -> int:
        """All slots of the pools that serve a tier."""
        return sum(pool.slots for pool in self.pools.values() if pool.tier is tier)

    def tiers_without_pool(self) -> tuple[Tier, ...]:
        """Declared tiers whose jobs nobody would run."""
        served = {pool.tier for pool in self.pools.values()}
        return tuple(tier for tier in self.tiers if tier not in served)

    def slot_hour_usd(self, pool: str) -> Decimal:
        """What a slot of the pool costs an hour, USD; a pool declared no more has no price of its own."""
        own = self.pools[pool].price_per_slot_hour_usd if pool in self.pools else None
        return self.price_per_slot_hour_usd if own is None else own

    @property
    def embedded_slots(self) -> int:
        """How many requests the embedded model server may see at once; 0 when nothing uses it."""
        return sum(
            pool.slots
            for pool in self.pools.values()
            if any(self.provider_of(name).embedded for name in self.tiers[pool.tier].models)
        )


def _require(known: bool, field: str, name: str, kind: str) -> None:
    if not known:
        raise ValueError(f"{field}: there is no {kind} {name!r}")
