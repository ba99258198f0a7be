"""The kinds of task that the policy tells apart, and what the name of a task says about its kind."""

import re
from enum import StrEnum

from staffel.contracts.tasks import KnownTask


class TaskType(StrEnum):
    """Kinds of task: the known tasks, and three that people name or describe in their own words."""

    CHAT = KnownTask.CHAT.value
    COMPLETE = KnownTask.COMPLETE.value
    CLASSIFY = KnownTask.CLASSIFY.value
    SENTIMENT = KnownTask.SENTIMENT.value
    EXTRACT = KnownTask.EXTRACT.value
    SUMMARIZE = KnownTask.SUMMARIZE.value
    TRANSLATE = KnownTask.TRANSLATE.value
    CODE = KnownTask.CODE.value
    ANALYZE = KnownTask.ANALYZE.value
    FORMATTING = "formatting"
    DOCUMENTATION = "documentation"
    REASONING = "reasoning"


#: Types that say nothing about the work; the text has to.
UNSPECIFIC = frozenset({TaskType.CHAT, TaskType.COMPLETE})

_ALIASES: dict[TaskType, str] = {
    TaskType.CLASSIFY: "classification classifier categorize categorise label routing triage klassifizieren",
    TaskType.SENTIMENT: "stimmung tonality",
    TaskType.EXTRACT: "extraction extractor ner extrahieren",
    TaskType.SUMMARIZE: "summarise summary summarization summarisation tldr zusammenfassen zusammenfassung",
    TaskType.TRANSLATE: "translation translator uebersetzen uebersetzung",
    TaskType.CODE: "coding codegen programming refactor refactoring",
    TaskType.ANALYZE: "analyse analysis evaluate evaluation compare comparison review analysieren",
    TaskType.FORMATTING: "format reformat rewrite rephrase proofread formatieren",
    TaskType.DOCUMENTATION: "docs docstring docstrings dokumentation",
    TaskType.REASONING: "reason logic proof math planning logik",
}

_TYPE_OF: dict[str, TaskType] = {
    **{word: kind for kind, words in _ALIASES.items() for word in words.split()},
    **{kind.value: kind for kind in TaskType if kind not in UNSPECIFIC},
}

_SEPARATOR = re.compile(r"[._-]")


def type_of_name(task: str) -> TaskType | None:
    """What a name says: `summarize` itself, `ticket-summary` or `code.review` by its first known part."""
    whole = _TYPE_OF.get(task)
    parts = _SEPARATOR.split(task)
    return whole or next((_TYPE_OF[part] for part in parts if part in _TYPE_OF), None)
