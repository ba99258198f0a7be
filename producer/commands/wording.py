"""Amounts, times and decisions in words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from producer.tier_report import Money

UNKNOWN = "unknown"


def usd(amount: Decimal | None) -> str:
    """Small amounts keep the digits that make them an amount; the ledger keeps nine."""
    if amount is None:
        return UNKNOWN
    size = abs(amount)
    digits = 2 if size >= 100 or not size else 4 if size >= 1 else 6 if size >= Decimal("0.000001") else 9
    return f"{'-' if amount < 0 else ''}${size:,.{digits}f}"


def money(sum_of: Money) -> str:
    """A sum; what is not known of it is said, and never zero."""
    if not sum_of.unknown_rows:
        return usd(sum_of.known_usd)
    if sum_of.unknown_rows == sum_of.rows:
        return UNKNOWN
    return f"{usd(sum_of.known_usd)} + {sum_of.unknown_rows} {UNKNOWN}"


def share(saved_usd: Decimal | None, baseline: Money) -> str:
    """What was saved as a share of the baseline; empty where there is none."""
    if saved_usd is None or not baseline.exact_usd:
        return ""
    return f"{saved_usd / baseline.exact_usd:.1%}"


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
