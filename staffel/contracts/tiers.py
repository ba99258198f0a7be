"""Tiers and the queues behind them. A tier is a promise of quality; each has one queue of the same name."""

from enum import StrEnum


class Tier(StrEnum):
    """The four promises of quality, from the cheapest to the best."""

    FAST = "fast-1.5b"
    STD = "std-3b"
    ADV = "adv-7b"
    CLOUD = "cloud-premium"

    @property
    def level(self) -> int:
        """Position from 0 (cheapest) to 3 (best)."""
        return LADDER.index(self)

    def above(self) -> tuple["Tier", ...]:
        """The better tiers, nearest first."""
        return LADDER[self.level + 1 :]

    def below(self) -> tuple["Tier", ...]:
        """The cheaper tiers, nearest first."""
        return LADDER[: self.level][::-1]


LADDER: tuple[Tier, ...] = tuple(Tier)


class Queue(StrEnum):
    """Queues that serve no tier."""

    CLASSIFY = "classify"
    CALLBACKS = "callbacks"


ALL_QUEUES: tuple[str, ...] = (*(tier.value for tier in Tier), *(queue.value for queue in Queue))
