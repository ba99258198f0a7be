"""Amounts, times and decisions in words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from producer.tier_report import Money

UNKNOWN = "unknown"


def usd(amount: Decimal | None) -> str:
    """Small amounts keep the digits that make them an amount."""
    if amount is None:
        return UNKNOWN
    return f"${amount:,.2f}" if abs(amount) >= 100 else f"${amount:.6f}"


def money(sum_of: Money) -> str:
    """A sum; what is not known of it is said, and never zero."""
    if not sum_of.unknown_rows:
        return usd(sum_of.known_usd)
    if sum_of.unknown_rows == sum_of.rows:
        return UNKNOWN
    return f"{usd(sum_of.known_usd)} + {sum_of.unknown_rows} {UNKNOWN}"


def saving(cost: Money, baseline: Money) -> str:
    """What was saved, and as a share of the baseline."""
    if cost.exact_usd is None or baseline.exact_usd is None:
        return UNKNOWN
    saved = baseline.exact_usd - cost.exact_usd
    share = f" ({saved / baseline.exact_usd:.0%})" if baseline.exact_usd else ""
    return usd(saved) + share


def seconds(value: float | None) -> str:
    if value is None:
        return "-"
    if value < 90:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def decision_lines(decision: Mapping[Any, Any]) -> list[str]:
    """A routing decision for people: where to, how sure, why, and why not elsewhere."""
    tier = decision["tier"] or "no tier"
    return [
        f"{tier}, {decision['confidence']:.0%} sure "
        f"({decision['router_version']}, {decision['microseconds']} µs)",
        f"task {decision['task_type']}, language {decision['language']}",
        *(f"because {reason}" for reason in decision["reasons"]),
        *(f"not {name}: {reason}" for name, reason in decision["excluded"].items()),
    ]
