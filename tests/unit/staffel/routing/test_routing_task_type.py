"""The kind of a task by its name, else by its text."""

import pytest

from staffel.contracts.tasks import KnownTask
from staffel.routing.indicators import find_indicators
from staffel.routing.language import detect
from staffel.routing.task_names import UNSPECIFIC, type_of_name
from staffel.routing.task_type import TypedTask, task_type
from staffel.routing.window import window


def typed(text: str, task: str = "complete") -> TypedTask:
    seen = window(text)
    language = detect(seen)
    return task_type(task, seen, language, find_indicators(seen, language))


@pytest.mark.parametrize("task", sorted(set(KnownTask) - {KnownTask.CHAT, KnownTask.COMPLETE}))
def test_a_known_task_is_taken_at_its_word(task: str) -> None:
    answer = typed("Schreibe ein Python-Programm", task)
    assert (answer.type, answer.confidence) == (task, 1.0)


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("ticket-summary", "summarize"),
        ("code.review", "code"),
        ("documentation", "documentation"),
        ("formatting", "formatting"),
        ("math_proof", "reasoning"),
    ],
)
def test_a_name_of_the_open_set_tells_its_kind_by_a_part(task: str, kind: str) -> None:
    answer = typed("x", task)
    assert answer.type == kind
    assert answer.confidence > 0.5


@pytest.mark.parametrize("task", ["partycode", "encode", "recipes", "chat", "complete", "---", ""])
def test_a_name_that_holds_a_known_one_inside_a_word_tells_nothing(task: str) -> None:
    assert type_of_name(task) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Übersetze ins Englische: Der Hund schläft.", "translate"),
        ("Please translate this summary into German.", "translate"),
        ("Fasse den folgenden Text in zwei Sätzen zusammen: Es war einmal.", "summarize"),
        ("Summarize the following mail.", "summarize"),
        ("Ist die Rezension positiv oder negativ? Das Essen war kalt.", "sentiment"),
        ("Classify the ticket into one of the categories billing, login.", "classify"),
        ("Extrahiere alle Namen aus dem Text.", "extract"),
        ("Korrigiere die Rechtschreibung in diesem Brief.", "formatting"),
        ("Analysiere die Zahlen und vergleiche sie mit dem Vorjahr.", "analyze"),
        ("Dokumentiere die Installation für unsere Kunden.", "documentation"),
        ("How do I reverse a list in Python?", "code"),
        ("Schreibe eine Funktion mit einer Schleife über die Liste.", "code"),
        ("Warum sinkt der Preis? Begründe Schritt für Schritt.", "reasoning"),
    ],
)
def test_an_open_task_is_guessed_from_its_text(text: str, kind: str) -> None:
    answer = typed(text)
    assert answer.type == kind
    assert 0.5 <= answer.confidence < 1.0


@pytest.mark.parametrize("text", ["Hallo, wie geht es dir?", "The board is ready, partytime!", "42", ""])
def test_a_text_that_asks_for_nothing_special_stays_what_it_was(text: str) -> None:
    assert typed(text, "chat").type == "chat"
    assert typed(text, "complete").type == "complete"
    assert typed(text, "poem").type in UNSPECIFIC


def test_two_kinds_in_one_text_lower_the_confidence() -> None:
    clear = typed("Translate the mail.")
    mixed = typed("Translate the mail, then classify it by category.")
    assert mixed.confidence < clear.confidence


def test_a_cue_in_the_middle_of_long_material_does_not_count() -> None:
    filler = "The dog sat by the door and looked at the rain. " * 12
    assert typed(f"{filler} Please translate this. {filler}").type == "complete"
    assert typed(f"Please translate this. {filler}{filler}").type == "translate"
    assert typed(f"{filler}{filler} Please translate this.").type == "translate"
