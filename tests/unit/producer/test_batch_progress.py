"""How far a batch is, how fast, and how long it takes."""

from typing import Any

from producer.progress import NO_TIER, WINDOW_S, BatchProgress, Pace, TierProgress, progress_of


def progress(*, done: int = 0, queued: int = 0, tokens: int = 0, **other: int) -> BatchProgress:
    tiers = [TierProgress("fast-1.5b", queued=queued, done=done)]
    tiers += [TierProgress(name, queued=count) for name, count in other.items()]
    return BatchProgress(tuple(tiers), tokens, finished=False)


def test_states_are_counted_a_tier_in_the_order_of_the_ladder() -> None:
    rows: list[dict[str, Any]] = [
        {"tier": None, "state": "submitted", "jobs": 3},
        {"tier": None, "state": "failed", "jobs": 1},
        {"tier": "adv-7b", "state": "running", "jobs": 2},
        {"tier": "fast-1.5b", "state": "succeeded", "jobs": 5},
        {"tier": "fast-1.5b", "state": "dead", "jobs": 1},
        {"tier": "fast-1.5b", "state": "cancelled", "jobs": 1},
        {"tier": "fast-1.5b", "state": "queued", "jobs": 4},
    ]
    seen = progress_of(rows, output_tokens=10, finished=False)
    assert seen.tiers == (
        TierProgress("fast-1.5b", queued=4, done=5, failed=2),
        TierProgress("adv-7b", running=2),
        TierProgress(NO_TIER, queued=3, failed=1),
    )
    assert (seen.total.jobs, seen.total.ended) == (17, 8)


def test_one_moment_gives_no_pace() -> None:
    pace = Pace()
    assert pace.remaining_s is None
    pace.see(0.0, progress(queued=10))
    assert (pace.tokens_per_s, pace.remaining_s) == (None, None)


def test_the_pace_is_that_between_two_moments() -> None:
    pace = Pace()
    pace.see(0.0, progress(queued=10))
    pace.see(2.0, progress(queued=6, done=4, tokens=100))
    assert pace.tokens_per_s == 50.0
    assert pace.remaining_s == 3.0


def test_a_tier_that_has_shown_nothing_leaves_the_end_unknown() -> None:
    pace = Pace()
    pace.see(0.0, progress(queued=10, slow=5))
    pace.see(2.0, progress(queued=6, done=4, slow=5))
    assert pace.remaining_s is None


def test_what_was_long_ago_is_forgotten() -> None:
    pace = Pace()
    for second in range(int(WINDOW_S) * 4):
        tokens = 0 if second < WINDOW_S * 2 else (second - int(WINDOW_S) * 2) * 10
        pace.see(float(second), progress(tokens=tokens))
    assert pace.tokens_per_s == 10.0
