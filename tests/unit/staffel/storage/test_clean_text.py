"""What PostgreSQL cannot store is taken out."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from staffel.storage.repositories.base import without_nul

any_text = st.text(st.characters(exclude_categories=[]) | st.just("\x00"))
values = st.recursive(
    any_text | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    max_leaves=10,
)


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    return [text for part in value for text in texts(part)] if isinstance(value, list) else []


@given(values)
def test_no_text_anywhere_keeps_nul_or_half_a_character(value: Any) -> None:
    for text in texts(without_nul(value)):
        assert "\x00" not in text
        text.encode()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert without_nul({"a": [text]}) == {"a": [text]}
