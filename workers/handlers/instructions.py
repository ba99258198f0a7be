"""What each known task tells the model, and the schema its answer must fit."""

from collections.abc import Mapping
from typing import Any

from staffel.contracts.requests import Options
from staffel.contracts.tasks import KnownTask

SENTIMENTS = ("positive", "neutral", "negative")

INSTRUCTIONS: Mapping[str, str] = {
    KnownTask.CLASSIFY: "Choose the one label that fits the text best. Labels: {labels}.",
    KnownTask.SENTIMENT: "Say whether the text is positive, neutral or negative.",
    KnownTask.EXTRACT: "Extract the requested fields from the text. Use only what the text says.",
    KnownTask.SUMMARIZE: "Summarize the text in one or two sentences.",
    KnownTask.TRANSLATE: "Translate the text into {language}.",
    KnownTask.CODE: "Answer the programming question briefly and correctly.",
    KnownTask.ANALYZE: "Analyze the text step by step and state the conclusion.",
}

LANGUAGE_HINT = "Answer in the language with the code {language}."


def system_instruction(task: str, options: Options) -> str | None:
    """The system message of a task; None for tasks that send the prompt as it is."""
    instruction = INSTRUCTIONS.get(task)
    if instruction is None:
        return None
    text = instruction.format(labels=", ".join(options.labels or ()), language=options.language or "English")
    if options.language and task != KnownTask.TRANSLATE:
        text = f"{text} {LANGUAGE_HINT.format(language=options.language)}"
    return text


def answer_schema(task: str, options: Options) -> Mapping[str, Any] | None:
    """The JSON schema of the answer: the client's own, else that of the task; None for free text."""
    if options.json_schema is not None:
        return options.json_schema
    if task == KnownTask.CLASSIFY and options.labels:
        return _one_of("label", options.labels)
    if task == KnownTask.SENTIMENT:
        return _one_of("sentiment", options.labels or SENTIMENTS)
    return None


def _one_of(name: str, values: tuple[str, ...]) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "enum": list(values)}},
        "required": [name],
        "additionalProperties": False,
    }
