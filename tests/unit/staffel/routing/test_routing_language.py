"""Telling German from English."""

import pytest

from staffel.routing.language import detect
from staffel.routing.window import window


@pytest.mark.parametrize(
    "text",
    [
        "Bitte fasse den Bericht in drei Sätzen zusammen.",
        "Warum ist der Himmel blau?",
        "Koennen wir das fuer die Kunden noch aendern?",
        "Größenänderung prüfen",
        "Schreibe mir ein Python-Skript für den Import von CSV-Dateien",
    ],
)
def test_german_is_recognised(text: str) -> None:
    assert detect(window(text)) == "de"


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Please summarize this report in three sentences.",
        "Why do cats purr?",
    ],
)
def test_english_is_recognised(text: str) -> None:
    assert detect(window(text)) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42",
        "Quelle est la capitale de la France et pour qui ?",
        "El perro come una manzana por la mañana",
        "Привет, как дела?",
        "مرحبا بالعالم",
        "你好世界",
        "\ud800\udfff",
    ],
)
def test_anything_else_is_other(text: str) -> None:
    assert detect(window(text)) == "other"
