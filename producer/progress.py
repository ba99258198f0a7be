"""How far a batch is, as values: counts a tier, tokens a second, time to go."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from staffel.contracts.states import JobState
from staffel.contracts.tiers import LADDER

#: Jobs that no tier has yet, or never had.
NO_TIER = "unrouted"

#: The pace is that of the last while: what a batch did an hour ago says little about its end.
WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class TierProgress:
    """Jobs of a batch on one tier. `failed` holds dead and cancelled ones, too."""

    tier: str
    queued: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0

    @property
    def ended(self) -> int:
        return self.done + self.failed

    @property
    def jobs(self) -> int:
        return self.queued + self.running + self.ended


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """A batch at one moment; its tiers in the order of the ladder."""

    tiers: tuple[TierProgress, ...]
    output_tokens: int
    finished: bool

    @property
    def total(self) -> TierProgress:
        names = ("queued", "running", "done", "failed")
        return TierProgress(
            "all", **{name: sum(getattr(tier, name) for tier in self.tiers) for name in names}
        )


def progress_of(counts: Iterable[Mapping[Any, Any]], *, output_tokens: int, finished: bool) -> BatchProgress:
    """From rows of tier, state and jobs."""
    tiers: dict[str, dict[str, int]] = {}
    for row in counts:
        column = _column(JobState(row["state"]))
        tier = tiers.setdefault(row["tier"] or NO_TIER, {})
        tier[column] = tier.get(column, 0) + row["jobs"]
    order = [*LADDER, NO_TIER]
    return BatchProgress(
        tiers=tuple(TierProgress(str(name), **tiers[name]) for name in order if name in tiers),
        output_tokens=output_tokens,
        finished=finished,
    )


def _column(state: JobState) -> str:
    match state:
        case JobState.SUBMITTED | JobState.QUEUED:
            return "queued"
        case JobState.RUNNING:
            return "running"
        case JobState.SUCCEEDED:
            return "done"
        case JobState.FAILED | JobState.DEAD | JobState.CANCELLED:
            return "failed"


class Pace:
    """Speed and time to go, from what was seen in the last while."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, BatchProgress]] = deque()

    def see(self, at_s: float, progress: BatchProgress) -> None:
        """`at_s`: seconds on a clock that never goes back."""
        self._seen.append((at_s, progress))
        while len(self._seen) > 2 and self._seen[0][0] < at_s - WINDOW_S:
            self._seen.popleft()

    @property
    def tokens_per_s(self) -> float | None:
        """Output tokens a second; None before there are two moments to compare."""
        return self._rate(lambda progress: progress.output_tokens)

    @property
    def remaining_s(self) -> float | None:
        """Until the last tier is done, if each keeps its pace; None while one of them has shown none."""
        if not self._seen:
            return None
        times = [self._remaining_of(tier) for tier in self._seen[-1][1].tiers if tier.jobs > tier.ended]
        known = [time for time in times if time is not None]
        return max(known, default=0.0) if len(known) == len(times) else None

    def _remaining_of(self, tier: TierProgress) -> float | None:
        rate = self._rate(lambda progress: _ended(progress, tier.tier))
        return (tier.jobs - tier.ended) / rate if rate else None

    def _rate(self, value: Callable[[BatchProgress], int]) -> float | None:
        if len(self._seen) < 2:
            return None
        (since, first), (until, last) = self._seen[0], self._seen[-1]
        return (value(last) - value(first)) / (until - since) if until > since else None


def _ended(progress: BatchProgress, tier: str) -> int:
    return sum(one.ended for one in progress.tiers if one.tier == tier)
