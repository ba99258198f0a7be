"""What tokens cost. Cloud prices come from the price library, never from a table of ours."""

from dataclasses import dataclass
from decimal import Decimal

from genai_prices import Usage, calc_price

from staffel.fleet.model import Fleet

SECONDS_AN_HOUR = Decimal(3600)
MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What a provider counted, in tokens. `input_tokens` includes the cached ones."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in USD and the unit prices behind it, USD a million tokens."""

    amount_usd: Decimal
    input_usd_per_million: Decimal | None = None
    output_usd_per_million: Decimal | None = None


def token_price(fleet: Fleet, model: str, usage: TokenUsage) -> Price | None:
    """What a cloud model charges for the usage; None when the library does not know the model."""
    spec = fleet.models.get(model)
    provider_id = (fleet.provider_of(model).price_provider or spec.provider) if spec else None
    name = (spec.price_model or spec.remote_name or model) if spec else model
    return _library_price(name, provider_id, usage)


def baseline_price(fleet: Fleet, usage: TokenUsage) -> Price | None:
    """What the baseline model would have charged for the usage."""
    return token_price(fleet, fleet.baseline_model, usage)


def slot_price(fleet: Fleet, pool: str, seconds: float) -> Price:
    """What holding a slot of a local pool costs."""
    return Price(fleet.slot_hour_usd(pool) * Decimal(repr(seconds)) / SECONDS_AN_HOUR)


def _library_price(name: str, provider_id: str | None, usage: TokenUsage) -> Price | None:
    counted = Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_input_tokens,
    )
    try:
        priced = calc_price(counted, model_ref=name, provider_id=provider_id)
        unit = calc_price(
            Usage(input_tokens=1_000, output_tokens=1_000), model_ref=name, provider_id=provider_id
        )
    except LookupError:
        return None
    return Price(priced.total_price, unit.input_price * 1_000, unit.output_price * 1_000)
