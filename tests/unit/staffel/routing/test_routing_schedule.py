"""Order and window sizes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffel.routing.schedule import default_priority, rank_at, window_size

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_most_urgent_job_ranks_at_its_submission() -> None:
    assert rank_at(NOON, 0) == NOON


def test_one_step_of_priority_is_half_an_hour_of_waiting() -> None:
    assert rank_at(NOON, 5) == NOON + timedelta(hours=2, minutes=30)
    assert rank_at(NOON, 7) == rank_at(NOON + timedelta(hours=1), 5)


@pytest.mark.parametrize(
    ("slots", "service_time", "expected"),
    [
        (4, timedelta(seconds=2), 8),
        (4, timedelta(seconds=30), 8),
        (2, timedelta(milliseconds=300), 2 * (1 + 7)),
        (1, timedelta(milliseconds=10), 201),
        (0, timedelta(seconds=1), 0),
    ],
)
def test_a_window_holds_two_seconds_of_work_for_each_slot(
    slots: int, service_time: timedelta, expected: int
) -> None:
    assert window_size(slots, service_time) == expected


@pytest.mark.parametrize("service_time", [timedelta(0), timedelta(microseconds=1), timedelta(seconds=-5)])
def test_a_service_time_below_ten_milliseconds_counts_as_ten(service_time: timedelta) -> None:
    assert window_size(3, service_time) == 3 * 201


@given(st.integers(1, 1024), st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=1)))
def test_a_window_has_room_for_a_running_and_a_waiting_job_a_slot(
    slots: int, service_time: timedelta
) -> None:
    assert 2 * slots <= window_size(slots, service_time) <= 201 * slots


@pytest.mark.parametrize(
    ("waiting", "in_batch", "priority"),
    [(True, False, 1), (True, True, 1), (False, False, 5), (False, True, 7)],
)
def test_a_waiting_caller_goes_before_a_single_job_and_that_before_a_batch(
    waiting: bool, in_batch: bool, priority: int
) -> None:
    assert default_priority(waiting, in_batch) == priority
