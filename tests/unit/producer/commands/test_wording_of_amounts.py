"""Amounts and times in words."""

from decimal import Decimal

import pytest

from producer.commands.wording import decision_lines, money, seconds, share, usd
from producer.tier_report import Money


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "$0.00"),
        ("0.000000162", "$0.000000162"),
        ("0.00001044", "$0.000010"),
        ("0.0123", "$0.012300"),
        ("2.5", "$2.5000"),
        ("1234.5", "$1,234.50"),
        ("-0.5", "-$0.500000"),
    ],
)
def test_small_amounts_keep_their_digits(amount: str, words: str) -> None:
    assert usd(Decimal(amount)) == words


def test_an_unknown_amount_is_never_zero() -> None:
    assert usd(None) == "unknown"
    assert money(Money(Decimal(0), unknown_rows=3, rows=3)) == "unknown"
    assert money(Money(Decimal(2), unknown_rows=1, rows=3)) == "$2.0000 + 1 unknown"
    assert money(Money()) == "$0.00"


def test_a_share_is_told_where_there_is_a_baseline() -> None:
    assert share(Decimal(3), Money(Decimal(4), 0, 1)) == "75.0%"
    assert share(None, Money(Decimal(4), 0, 1)) == ""
    assert share(Decimal(0), Money()) == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "-"), (0.04, "0.0 s"), (12.34, "12.3 s"), (95.0, "1 min 35 s"), (7300.0, "2 h 01 min")],
)
def test_times_are_told_as_people_say_them(value: float | None, words: str) -> None:
    assert seconds(value) == words


def test_a_decision_is_told_with_its_reasons() -> None:
    lines = decision_lines(
        {
            "tier": "std-3b",
            "task_type": "summarize",
            "language": "de",
            "confidence": 0.85,
            "reasons": ["task summarize is given"],
            "excluded": {"cloud-premium": "data class restricted permits only local"},
            "router_version": "rules-1",
            "microseconds": 42,
        }
    )
    assert lines == [
        "std-3b, 85% sure (rules-1, 42 µs)",
        "task summarize, language de",
        "because task summarize is given",
        "not cloud-premium: data class restricted permits only local",
    ]
