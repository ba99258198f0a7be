"""Finding listed words in a text, as words and never inside others ("Party" holds no "art")."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

from staffel.routing.language import Language

K = TypeVar("K")

_WITHOUT_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


class Hit(NamedTuple, Generic[K]):
    """One listed word in a text: where, which, and what it is a sign of."""

    start: int
    word: str
    kind: K


class WordFinder(Generic[K]):
    """One compiled expression for all the words of a language.

    Entries are lower case and separated by commas; `erklär/e/en` is short for erkläre and erklären, a space
    stands for any white space, and `für` is found as `fuer` too. A word under two kinds is a ValueError.
    """

    def __init__(self, lists: Mapping[K, str]) -> None:
        self._kinds: dict[str, K] = {}
        for kind, entries in lists.items():
            for form in _forms(entries):
                if self._kinds.setdefault(form, kind) != kind:
                    raise ValueError(f"{form!r} is listed twice")
        self._pattern = re.compile(rf"\b(?:{_by_first_letter(self._kinds)})\b")

    def hits(self, seen: str) -> Iterator[Hit[K]]:
        """All hits in a lower-case text, from left to right, the longest phrase first."""
        for match in self._pattern.finditer(seen):
            word = " ".join(match[0].split())
            yield Hit(match.start(), word, self._kinds[word])


class LanguageWords(Generic[K]):
    """A finder a language. A text whose language is not known is searched for the words of all."""

    def __init__(self, lists: Mapping[Language, Mapping[K, str]]) -> None:
        self._finders = {language: WordFinder(words) for language, words in lists.items()}

    def hits(self, seen: str, language: Language) -> Iterator[Hit[K]]:
        own = self._finders.get(language)
        for finder in (own,) if own else self._finders.values():
            yield from finder.hits(seen)


def _forms(entries: str) -> Iterator[str]:
    for entry in entries.replace("\n", " ").split(","):
        stem, *endings = " ".join(entry.split()).split("/")
        for ending in endings or [""]:
            form = stem + ending
            yield form
            yield form.translate(_WITHOUT_UMLAUTS)


def _by_first_letter(forms: Iterable[str]) -> str:
    """Alternatives grouped by their first letter: most words of a text are given up after one comparison."""
    groups: dict[str, list[str]] = {}
    for form in sorted(set(forms), key=lambda form: (-len(form), form)):
        groups.setdefault(form[0], []).append(re.escape(form[1:]).replace(r"\ ", r"\s+"))
    return "|".join(f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in sorted(groups.items()))
