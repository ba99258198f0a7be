"""The bounds of the backoff."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from workers.retry import Backoff

BASE, CAP = timedelta(seconds=1), timedelta(seconds=300)
waits = st.timedeltas(timedelta(), timedelta(days=1))


@given(failures=st.integers(1, 10_000), seed=st.integers())
def test_a_delay_lies_between_zero_and_its_ceiling(failures: int, seed: int) -> None:
    delay = Backoff(BASE, CAP, Random(seed)).delay(failures)
    assert timedelta() <= delay <= min(CAP, BASE * 2 ** min(failures - 1, 20))


@given(failures=st.integers(1, 100), wait=waits, seed=st.integers())
def test_what_the_provider_asks_for_is_never_cut_short(failures: int, wait: timedelta, seed: int) -> None:
    delay = Backoff(BASE, CAP, Random(seed)).delay(failures, wait)
    assert wait <= delay <= wait + BASE


def test_delays_are_spread_over_the_whole_range() -> None:
    backoff = Backoff(BASE, CAP, Random(7))
    delays = [backoff.delay(5) for _ in range(500)]
    assert min(delays) < timedelta(seconds=1)
    assert max(delays) > timedelta(seconds=15)
