"""The most that one call can cost, known before it is made."""

import json
from dataclasses import dataclass
from decimal import Decimal

from staffel.contracts.tokens import TEMPLATE_TOKENS, estimate_tokens
from staffel.fleet import Fleet
from staffel.fleet.prices import TokenUsage, token_price
from workers.providers.seam import ModelRequest


@dataclass(frozen=True, slots=True)
class HighestCost:
    """An amount in USD and the tokens that it was computed from."""

    amount_usd: Decimal
    input_tokens: int
    output_tokens: int


def highest_input_tokens(request: ModelRequest) -> int:
    """An upper estimate of the input tokens of a request, in tokens."""
    turns = sum(estimate_tokens(turn.content) + TEMPLATE_TOKENS for turn in request.turns)
    schema = json.dumps(dict(request.json_schema)) if request.json_schema is not None else ""
    return TEMPLATE_TOKENS + turns + estimate_tokens(schema)


def highest_cost(fleet: Fleet, model: str, request: ModelRequest) -> HighestCost | None:
    """What a call costs if nothing is cached and the output limit is used up; None without a known price."""
    usage = TokenUsage(highest_input_tokens(request), request.max_output_tokens)
    price = token_price(fleet, model, usage)
    return None if price is None else HighestCost(price.amount_usd, usage.input_tokens, usage.output_tokens)
