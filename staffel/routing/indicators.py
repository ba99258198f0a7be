"""What a text shows: words of complexity, simplicity, reasoning and code, and the shape of code."""

import re
from dataclasses import dataclass

from staffel.routing.language import Language
from staffel.routing.lexicon import INDICATORS, Sign
from staffel.routing.words import LanguageWords

_WORDS = LanguageWords(INDICATORS)

# Shapes that prose does not have, each behind a literal that is looked for first: most texts have none, and a
# literal is found many times faster. All are bounded, so that no text makes them slow.
_CODE_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (literal, re.compile(pattern, re.MULTILINE))
    for literal, pattern in (
        ("```", r"```"),
        ("def ", r"\bdef \w{1,60}\("),
        ("class ", r"^\s{0,8}class \w{1,60}(?:\([\w, .]{0,60}\))?(?::$| ?\{)"),
        ("function", r"\bfunction ?\w{0,60}\([\w, ]{0,80}\) ?\{"),
        ("#include", r"^#include\b"),
        ("import ", r"^(?:from [\w.]{1,60} import \w|import [\w.]{1,60}(?: as \w{1,60})?;?$)"),
        ("const ", r"^\s{0,8}const \w{1,60} ?="),
        ("let ", r"^\s{0,8}let \w{1,60} ?="),
        ("var ", r"^\s{0,8}var \w{1,60} ?="),
        (
            "select ",
            r"\bselect (?:\*|count\(|[\w.]{1,60}(?:, ?[\w.]{1,60}){0,20}"
            r"\s{1,8}from \w{1,60}(?:;|\s(?:where|join)\b))",
        ),
        ("public ", r"\bpublic (?:static )?\w{1,30} \w{1,60}\("),
        ("private ", r"\bprivate (?:static )?\w{1,30} \w{1,60}\("),
        ("fn ", r"\bfn \w{1,60}\("),
        ("()", r"\w\(\)[;:.]"),
        (";\n", r"[)\]}'\"\d];$"),
        ("{\n", r"[)\w] ?\{$"),
        ("</", r"</\w{1,20}>"),
        ("=>", r"\) ?=> ?[{(\w]|=> ?\{"),
    )
)


@dataclass(frozen=True, slots=True)
class Indicators:
    """The distinct words found, in the order of the text, and whether it has the shape of code."""

    complexity: tuple[str, ...] = ()
    simplicity: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    weak_code: tuple[str, ...] = ()
    code_shape: bool = False

    @property
    def shows_code(self) -> bool:
        return self.code_shape or bool(self.code) or len(self.weak_code) >= 2

    @property
    def difficulty(self) -> int:
        """Words of complexity and reasoning, less those that ask for something simple; never below 0."""
        return max(0, len(self.complexity) + len(self.reasoning) - len(self.simplicity))


def find_indicators(seen: str, language: Language) -> Indicators:
    """Indicators in a lower-case text. A text in neither language is searched for the words of both."""
    found: dict[Sign, dict[str, None]] = {sign: {} for sign in Sign}
    for hit in _WORDS.hits(seen, language):
        found[hit.kind].setdefault(hit.word)
    return Indicators(
        complexity=tuple(found[Sign.COMPLEXITY]),
        simplicity=tuple(found[Sign.SIMPLICITY]),
        reasoning=tuple(found[Sign.REASONING]),
        code=tuple(found[Sign.CODE]),
        weak_code=tuple(found[Sign.WEAK_CODE]),
        code_shape=_has_code_shape(seen),
    )


def _has_code_shape(seen: str) -> bool:
    return any(literal in seen and pattern.search(seen) for literal, pattern in _CODE_SHAPES)
