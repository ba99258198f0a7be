"""Steps between permitted tiers: up when an answer is not good enough, sideways when a tier cannot answer."""

from collections.abc import Collection, Sequence

from staffel.contracts.tiers import Tier


def next_tier(current: Tier, permitted: Sequence[Tier]) -> Tier | None:
    """Escalation: the nearest better permitted tier."""
    return _first(current.above(), permitted)


def fallback_tier(current: Tier, permitted: Sequence[Tier]) -> Tier | None:
    """Fallback: the nearest better permitted tier, else the nearest cheaper one, whose answer is degraded."""
    return next_tier(current, permitted) or _first(current.below(), permitted)


def nearest_tier(wanted: Tier, permitted: Sequence[Tier]) -> Tier | None:
    """The wanted tier itself where it is permitted, else its fallback."""
    return wanted if wanted in permitted else fallback_tier(wanted, permitted)


def _first(tiers: Sequence[Tier], permitted: Collection[Tier]) -> Tier | None:
    return next((tier for tier in tiers if tier in permitted), None)
