"""Durations and deadlines as people write them: `90s`, `30m`, `1h30m`, or a time in ISO 8601."""

import re
from datetime import datetime, timedelta

from staffel.contracts.errors import InvalidRequestError

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd])")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
LONGEST = timedelta(days=3650)


def parse_duration(text: str, *, field: str) -> timedelta:
    """Raises InvalidRequestError naming the field."""
    found = _duration(text, field)
    if found is None:
        raise InvalidRequestError(f"{text!r} is no duration; write 90s, 30m, 2h or 1h30m", field=field)
    return found


def parse_deadline(text: str, *, now: datetime) -> datetime:
    """A duration from `now` (aware), or an ISO time; without an offset it is local time.

    Raises InvalidRequestError naming the field.
    """
    ahead = _duration(text, "deadline")
    if ahead is not None:
        return now + ahead
    try:
        named = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(
            f"{text!r} is no time; write 2026-12-31T18:00, or 30m or 2h from now", field="deadline"
        ) from error
    return named if named.tzinfo else named.astimezone()


def _duration(text: str, field: str) -> timedelta | None:
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    try:
        total = sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        total = LONGEST + timedelta(days=1)
    if total > LONGEST:
        raise InvalidRequestError(f"{text!r} is longer than {LONGEST.days} days", field=field)
    return total
