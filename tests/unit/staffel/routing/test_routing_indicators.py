"""Indicator words and the shape of code."""

import pytest

from staffel.routing.indicators import Indicators, find_indicators
from staffel.routing.language import Language
from staffel.routing.window import window
from staffel.routing.words import WordFinder

DE, EN, OTHER = Language.GERMAN, Language.ENGLISH, Language.OTHER


def found(text: str, language: Language) -> Indicators:
    return find_indicators(window(text), language)


def test_a_word_is_never_found_inside_another() -> None:
    finder = WordFinder({"kind": "art, sql, warum"})
    assert list(finder.hits("die party mit mysqld, warumb und startart")) == []
    assert [hit.word for hit in finder.hits("die art. sql! (warum)")] == ["art", "sql", "warum"]


def test_an_umlaut_is_a_letter_of_its_word() -> None:
    finder = WordFinder({"kind": "art, kläre"})
    assert list(finder.hits("ärtart artä erkläre")) == []
    assert [hit.word for hit in finder.hits("kläre klaere")] == ["kläre", "klaere"]


def test_a_phrase_is_found_over_a_line_break() -> None:
    assert found("Explain it step by\n  step.", EN).reasoning == ("explain", "step by step")


def test_the_longest_phrase_wins() -> None:
    finder = WordFinder({"one": "race", "two": "race condition"})
    assert [(hit.word, hit.kind) for hit in finder.hits("a race condition")] == [("race condition", "two")]


def test_a_word_under_two_kinds_is_refused() -> None:
    with pytest.raises(ValueError, match="'kurz' is listed twice"):
        WordFinder({"one": "kurz", "two": "kurz//e"})


@pytest.mark.parametrize("text", ["BEGRÜNDE das", "begründe das", "Begruende das", "begru\u0308nde das"])
def test_every_spelling_of_an_umlaut_is_found(text: str) -> None:
    assert len(found(text, DE).reasoning) == 1


def test_each_word_counts_once() -> None:
    assert found("Warum, warum, WARUM?", DE).reasoning == ("warum",)


def test_a_word_of_the_other_language_is_not_an_indicator() -> None:
    assert found("Schreibe einen Brief an meine Oma", DE).simplicity == ()
    assert found("Give me a brief answer", EN).simplicity == ("brief",)


def test_a_text_in_no_known_language_is_searched_for_both() -> None:
    assert found("warum / why", OTHER).reasoning == ("warum", "why")


def test_simplicity_weighs_against_complexity() -> None:
    assert found("Erkläre komplexe Algorithmen", DE).difficulty == 3
    assert found("Erkläre ganz einfach und kurz komplexe Algorithmen", DE).difficulty == 1
    assert found("Kurz und einfach", DE).difficulty == 0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I reverse a list in Python?", EN),
        ("Write a function with two variables", EN),
        ("Schreibe eine Funktion mit einer Schleife", DE),
        ("Was macht dieser Quelltext?", DE),
        ("Python-Funktion gesucht", DE),
        ("def add(a, b):\n    return a + b", OTHER),
        ("SELECT name, age FROM users WHERE age > 3", OTHER),
        ("SELECT name\nFROM users\nWHERE age > 3", OTHER),
        ("import os.path\nfrom re import sub", OTHER),
        ("const add = (a, b) => a + b", OTHER),
        ("class Cart(Base):\n    total = 0", OTHER),
        ("public static void main(String[] args)", OTHER),
        ("```\nx\n```", OTHER),
        ("<p>hello</p>", OTHER),
    ],
)
def test_code_is_recognised(text: str, language: Language) -> None:
    assert found(text, language).shows_code


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Party war großartig, die Klasse hat getanzt.", DE),
        ("Please select one, two or three from the list; then post it.", EN),
        ("Import taxes rose, and export did too.", EN),
        ("First class (with breakfast): book early.", EN),
        ("A => B means that A implies B.", EN),
        ("Einkaufen:\nMilch;\nBrot;\nKäse", DE),
        ("The public health office (open daily) moved.", EN),
    ],
)
def test_prose_is_not_code(text: str, language: Language) -> None:
    assert not found(text, language).shows_code
