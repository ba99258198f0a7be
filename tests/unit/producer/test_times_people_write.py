"""Durations and deadlines as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from producer.times import parse_deadline, parse_duration
from staffel.contracts.errors import InvalidRequestError

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        (" 5s ", timedelta(seconds=5)),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, duration: timedelta) -> None:
    assert parse_duration(text, field="timeout") == duration
    assert parse_deadline(text, now=NOW) == NOW + duration


@pytest.mark.parametrize("text", ["", "30", "m", "30 m", "-5m", "5x", "1h and 2m", "٣٠m"])
def test_what_is_no_duration_names_the_field(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_duration(text, field="timeout")
    assert caught.value.field == "timeout"


def test_a_duration_beyond_all_reason_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="longer than"):
        parse_deadline("9" * 400 + "d", now=NOW)


def test_an_iso_time_keeps_its_offset() -> None:
    assert parse_deadline("2026-12-31T18:00:00+01:00", now=NOW) == datetime(2026, 12, 31, 17, tzinfo=UTC)
    assert parse_deadline("2026-12-31T18:00Z", now=NOW) == datetime(2026, 12, 31, 18, tzinfo=UTC)


def test_a_time_without_offset_is_local_time() -> None:
    deadline = parse_deadline("2026-12-31T18:00", now=NOW)
    assert deadline.tzinfo is not None
    assert deadline.replace(tzinfo=None) == datetime(2026, 12, 31, 18)  # noqa: DTZ001 - local on purpose


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", ""])
def test_what_is_no_time_names_the_deadline(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_deadline(text, now=NOW)
    assert caught.value.field == "deadline"
