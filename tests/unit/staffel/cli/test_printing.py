"""What commands print."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from staffel.cli.printing import as_json, print_table, shown


def test_money_stays_exact_in_json() -> None:
    assert as_json({"cost": Decimal("1.62E-7")}) == '{"cost":"0.000000162"}'


def test_values_of_ours_have_a_form_in_json() -> None:
    value = {
        "id": UUID(int=1),
        "at": datetime(2026, 11, 20, tzinfo=UTC),
        "path": Path("a/b"),
        "some": frozenset({"b", "a"}),
        "text": "größer",
    }
    assert json.loads(as_json(value, indent=2)) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-11-20T00:00:00+00:00",
        "path": "a/b",
        "some": ["a", "b"],
        "text": "größer",
    }


def test_what_has_no_form_in_json_is_a_fault() -> None:
    with pytest.raises(TypeError, match="object"):
        as_json(object())


@pytest.mark.parametrize(
    ("value", "words"), [(None, "-"), (1234567, "1,234,567"), (True, "True"), ("text", "text")]
)
def test_values_are_shown_as_people_read_them(value: object, words: str) -> None:
    assert shown(value) == words


def test_a_table_is_never_cut_however_narrow_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table(["id", ">number"], [["01a1f8e0-249d-7678-86aa-4650b4b14d5c", 123_456_789]])
    out = capsys.readouterr().out
    assert "01a1f8e0-249d-7678-86aa-4650b4b14d5c  123,456,789" in out


def test_markup_in_a_cell_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name"], [["[red]x[/red]"]])
    assert "[red]x[/red]" in capsys.readouterr().out


def test_an_empty_table_leaves_standard_output_empty(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name"], [])
    assert capsys.readouterr() == ("", "nothing found\n")
