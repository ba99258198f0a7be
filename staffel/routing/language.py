"""German or English, told by function words: cheap, and right from about one sentence on."""

import re
from enum import StrEnum


class Language(StrEnum):
    """The languages that the rules know."""

    GERMAN = "de"
    ENGLISH = "en"
    OTHER = "other"


#: Function words are dense, so a paragraph tells as much as a page.
LOOKED_AT_CHARS = 600
SMALLEST_SHARE = 0.1

_WORD = re.compile(r"[^\W\d_]+")
_BEYOND_GERMAN = re.compile(r"[^\W\d_a-zäöüß]")
_UMLAUT = re.compile(r"[äöüß]")

# Words that two of the languages share (die, was, will, in, so, a, on, or) tell nothing and are left out.
_GERMAN = """
    der das und ist nicht ein eine einen einem einer eines mit für auf dem den zu zum zur von vom im ins
    sich auch als wie bei aus nach wird werden wurde ich du wir sie ihr ihre mir mich dir uns bitte dass daß
    warum wieso weshalb welche welcher welches oder wenn weil kann könnte soll sollte muss über unter
    zwischen durch gegen diese dieser dieses diesen kein keine hast habe haben sind gibt mein meine dein
    deine ob noch nur sehr wo wer fuer ueber folgenden folgende erkläre schreibe übersetze
    zeige nenne finde gib füge hinzu heute morgen möchte würde alle
"""
_ENGLISH = """
    the and is of to that it for with you this these those are be been have has had not what which who how
    why when where please from by my your our their his her its i if then than there can could should would
    do does did about into between because at as we they me explain write translate
    show give find add all some any
"""
_OTHERS = """
    le la les et est une dans pour avec que qui sur pas el los las por para como más del una il che di per
    non della sono het een van niet voor ik maar og det til av ikke är och att som på inte jest nie się não
    uma
"""
_FUNCTION_WORDS: dict[Language, frozenset[str]] = {
    Language.GERMAN: frozenset(_GERMAN.split()),
    Language.ENGLISH: frozenset(_ENGLISH.split()),
    Language.OTHER: frozenset(_OTHERS.split()),
}


def detect(seen: str) -> Language:
    """The language of a lower-case text. Without one clear answer it is `other`."""
    words = _WORD.findall(seen[:LOOKED_AT_CHARS])
    hits = {language: sum(word in known for word in words) for language, known in _FUNCTION_WORDS.items()}
    best = max(hits, key=lambda language: hits[language])
    others = max(count for language, count in hits.items() if language is not best)
    if hits[best] > others and hits[best] >= SMALLEST_SHARE * len(words):
        return best
    return Language.GERMAN if not hits[best] and _is_spelt_german(seen) else Language.OTHER


def _is_spelt_german(seen: str) -> bool:
    """For a few words without any function word: umlauts, and no letter that German does not have."""
    return _UMLAUT.search(seen) is not None and _BEYOND_GERMAN.search(seen[:LOOKED_AT_CHARS]) is None
