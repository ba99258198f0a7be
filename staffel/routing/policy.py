"""Which tier a kind of task deserves when nothing forbids it: a table, raised by difficulty and by length."""

from dataclasses import dataclass

from staffel.contracts.tiers import Tier
from staffel.routing.indicators import Indicators
from staffel.routing.task_names import UNSPECIFIC, TaskType

TIER_OF_TYPE: dict[TaskType, Tier] = {
    TaskType.CHAT: Tier.FAST,
    TaskType.COMPLETE: Tier.FAST,
    TaskType.SENTIMENT: Tier.FAST,
    TaskType.CLASSIFY: Tier.FAST,
    TaskType.EXTRACT: Tier.FAST,
    TaskType.SUMMARIZE: Tier.STD,
    TaskType.TRANSLATE: Tier.STD,
    TaskType.FORMATTING: Tier.STD,
    TaskType.CODE: Tier.STD,
    TaskType.ANALYZE: Tier.ADV,
    TaskType.DOCUMENTATION: Tier.ADV,
    TaskType.REASONING: Tier.ADV,
}

#: Open questions and answers up to here are short.
SHORT_CHARS = 400
SHORT_OUTPUT_TOKENS = 1_500

#: Code of substance, by its length or by one word of complexity.
LONG_CODE_CHARS = 800

#: So many words of complexity make reasoning or code complex logic.
COMPLEX_WORDS = 3

#: Small models lose the thread of long texts well before their context ends.
LONG_TOKENS = 6_000
VERY_LONG_TOKENS = 24_000

SHOWN_WORDS = 2


@dataclass(frozen=True, slots=True)
class Material:
    """The sizes of a job that the policy looks at."""

    chars: int
    input_tokens: int
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class Wish:
    """The tier that the policy would take, and why."""

    tier: Tier
    reasons: tuple[str, ...]


def wished_tier(kind: TaskType, signs: Indicators, material: Material) -> Wish:
    """The tier for a kind of task, raised by difficulty and by length, never lowered."""
    base = TIER_OF_TYPE[kind]
    raises = (_by_difficulty(kind, signs, material), _by_length(base, material))
    told = [wish for wish in raises if wish is not None and wish.tier.level >= base.level]
    tier = max((wish.tier for wish in told), key=lambda tier: tier.level, default=base)
    reasons = (f"task {kind} is served by {base}", *(reason for wish in told for reason in wish.reasons))
    return Wish(tier, reasons)


def _by_difficulty(kind: TaskType, signs: Indicators, material: Material) -> Wish | None:
    """Where the text is material only (a review to label, a page to translate), its words say nothing."""
    if kind in UNSPECIFIC:
        return _open_question(signs, material)
    if kind not in {TaskType.CODE, TaskType.REASONING}:
        return None
    if len(signs.complexity) >= COMPLEX_WORDS:
        return Wish(Tier.CLOUD, (f"complex logic: {_told('complexity', signs.complexity)}",))
    if kind is TaskType.CODE:
        return _code(signs, material)
    return Wish(Tier.ADV, (_told("reasoning", signs.reasoning),)) if signs.reasoning else None


def _code(signs: Indicators, material: Material) -> Wish | None:
    if len(signs.complexity) > len(signs.simplicity):
        return Wish(Tier.ADV, (f"code of substance: {_told('complexity', signs.complexity)}",))
    if material.chars > LONG_CODE_CHARS:
        return Wish(Tier.ADV, (f"code of substance: {material.chars} characters",))
    return None


def _open_question(signs: Indicators, material: Material) -> Wish | None:
    reasons = []
    if material.chars > SHORT_CHARS:
        reasons.append(f"the text is not short ({material.chars} characters)")
    if material.max_output_tokens > SHORT_OUTPUT_TOKENS:
        reasons.append(f"the answer may be long ({material.max_output_tokens} tokens)")
    if not signs.difficulty:
        return Wish(Tier.STD, tuple(reasons)) if reasons else None
    if signs.complexity:
        reasons.append(_told("complexity", signs.complexity))
    if signs.reasoning:
        reasons.append(_told("reasoning", signs.reasoning))
    return Wish(Tier.ADV if signs.difficulty >= COMPLEX_WORDS else Tier.STD, tuple(reasons))


def _by_length(base: Tier, material: Material) -> Wish | None:
    """Length pays for the next bigger model here, and for a cloud call only above the second limit."""
    reason = f"long text (about {material.input_tokens} tokens)"
    if material.input_tokens > VERY_LONG_TOKENS:
        return Wish(Tier.CLOUD, (f"very {reason}",))
    if material.input_tokens > LONG_TOKENS and base.level < Tier.ADV.level:
        return Wish(base.above()[0], (reason,))
    return None


def _told(sign: str, words: tuple[str, ...]) -> str:
    shown = ", ".join(words[:SHOWN_WORDS]) + (", ..." if len(words) > SHOWN_WORDS else "")
    return f"{len(words)} {sign} {'word' if len(words) == 1 else 'words'} ({shown})"
