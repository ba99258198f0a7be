"""Which kind of task a job is: what its name says, else what its text asks for."""

from collections import Counter
from dataclasses import dataclass

from staffel.contracts.tasks import KnownTask
from staffel.routing.indicators import Indicators
from staffel.routing.language import Language
from staffel.routing.lexicon import TASK_CUES
from staffel.routing.task_names import TaskType, type_of_name
from staffel.routing.words import LanguageWords

# People write what they want before or after their material, seldom in its middle.
INSTRUCTION_HEAD_CHARS = 400
INSTRUCTION_TAIL_CHARS = 200

NAMED_CONFIDENCE = 1.0
ALIAS_CONFIDENCE = 0.9
NO_CUE_CONFIDENCE = 0.4

#: One word of reasoning is a common question; from two on the answer has to be thought out.
REASONING_WORDS = 2

_CUES = LanguageWords(TASK_CUES)
_KNOWN = frozenset(task.value for task in KnownTask)


@dataclass(frozen=True, slots=True)
class TypedTask:
    """The kind of a job's task, how sure that is (0 to 1), and why."""

    type: TaskType
    confidence: float
    reason: str


def task_type(task: str, seen: str, language: Language, signs: Indicators) -> TypedTask:
    """A telling name is taken at its word; `chat`, `complete` and others are guessed from the text."""
    named = type_of_name(task)
    if named is None:
        return _guess(TaskType.CHAT if task == KnownTask.CHAT else TaskType.COMPLETE, seen, language, signs)
    if task in _KNOWN:
        return TypedTask(named, NAMED_CONFIDENCE, f"task {named} is given")
    return TypedTask(named, ALIAS_CONFIDENCE, f"the name of the task tells {named}")


def _guess(otherwise: TaskType, seen: str, language: Language, signs: Indicators) -> TypedTask:
    scores = _cue_scores(seen, language)
    if signs.shows_code:
        scores[TaskType.CODE] += 2 + signs.code_shape + bool(signs.code)
    if len(signs.reasoning) >= REASONING_WORDS:
        scores[TaskType.REASONING] += len(signs.reasoning)
    ranked = scores.most_common(2)
    if not ranked:
        return TypedTask(
            otherwise, NO_CUE_CONFIDENCE, f"the text asks for no special task, it counts as {otherwise}"
        )
    (best, score), second = ranked[0], ranked[1][1] if len(ranked) > 1 else 0
    confidence = round(0.5 + 0.4 * (score - second) / score, 2)
    return TypedTask(best, confidence, f"the text reads as {best}")


def _cue_scores(seen: str, language: Language) -> Counter[TaskType]:
    """A point for each distinct cue, one more for the earliest: "translate this summary" is a translation."""
    scores: Counter[TaskType] = Counter()
    words: set[str] = set()
    for hit in _CUES.hits(_instruction(seen), language):
        if hit.word not in words:
            scores[hit.kind] += 1 if words else 2
            words.add(hit.word)
    return scores


def _instruction(seen: str) -> str:
    if len(seen) <= INSTRUCTION_HEAD_CHARS + INSTRUCTION_TAIL_CHARS:
        return seen
    return f"{seen[:INSTRUCTION_HEAD_CHARS]}\n{seen[-INSTRUCTION_TAIL_CHARS:]}"
