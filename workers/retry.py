"""When to try again: exponential backoff with full jitter, and never before the provider asks for.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """`base` doubles with every failure up to `cap`; the delay is drawn evenly from zero to there."""

    base: timedelta
    cap: timedelta
    draw: random.Random = field(default_factory=random.SystemRandom)

    def delay(self, failures: int, retry_after: timedelta | None = None) -> timedelta:
        """How long to wait after the n-th failure in a row (from 1)."""
        ceiling = min(self.cap, self.base * 2 ** min(failures - 1, 30))
        jittered = timedelta(seconds=ceiling.total_seconds() * self.draw.random())
        return jittered if retry_after is None else retry_after + min(jittered, self.base)
