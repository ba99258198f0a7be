"""What a client may ask for: the versioned request of one job and of one batch."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from staffel.contracts.privacy import DataClass
from staffel.contracts.tasks import TASK_NAME_PATTERN, KnownTask
from staffel.contracts.tiers import Tier

MAX_PROMPT_CHARS = 2_000_000
MAX_MESSAGES = 1_000
MAX_SCHEMA_DEPTH = 32
MAX_PATTERN_CHARS = 200
REPEATED_GROUP = re.compile(r"(?<!\\)\)[*+{?]")


def _not_blank(text: str) -> str:
    """NUL is not stored; a text of nothing else would be empty when it is read again."""
    if not text.replace("\x00", "").strip():
        raise ValueError("must not be blank")
    return text


def _is_http(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise ValueError("must be an http or https URL")
    return url


Text = Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARS), AfterValidator(_not_blank)]
Label = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_not_blank)]
CallbackUrl = Annotated[str, Field(max_length=2048), AfterValidator(_is_http)]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]


class Strategy(StrEnum):
    """How a job's tier is chosen: `auto` escalates when checks fail, `fixed` stays on its tier."""

    AUTO = "auto"
    FIXED = "fixed"


class Request(BaseModel):
    """Base of what clients send: unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Message(Request):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: Text


class Document(Request):
    """Text read from a file, and where it came from."""

    text: Text
    source: str = Field(default="", max_length=1024)


class Options(Request):
    """How to answer."""

    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    max_output_tokens: int = Field(default=512, ge=1, le=128_000)
    json_schema: dict[str, JsonValue] | None = None
    labels: tuple[Label, ...] | None = Field(default=None, min_length=2, max_length=200)
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = None

    @field_validator("json_schema")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
        if schema is None:
            return None
        if _depth(schema) > MAX_SCHEMA_DEPTH:
            raise ValueError(f"nested deeper than {MAX_SCHEMA_DEPTH} levels")
        if any(_points_outside(node) for node in _nodes(schema)):
            raise ValueError("a $ref may only point into the schema itself")
        if any(_may_backtrack(node) for node in _nodes(schema)):
            raise ValueError("a pattern must not repeat a group, and has 200 characters at most")
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"not a JSON schema: {error.json_path} fails {error.validator!r}") from error
        return schema


class JobRequest(Request):
    """One job. Exactly one of `prompt`, `messages` and `document` carries the content."""

    version: Literal[1] = 1
    task: str = Field(default=KnownTask.COMPLETE.value, pattern=TASK_NAME_PATTERN)
    prompt: Text | None = None
    messages: tuple[Message, ...] | None = Field(default=None, min_length=1, max_length=MAX_MESSAGES)
    document: Document | None = None
    options: Options = Options()
    priority: int | None = Field(default=None, ge=0, le=9, description="0 is the most urgent")
    tier: Tier | None = None
    model: str | None = Field(default=None, min_length=1, max_length=200)
    strategy: Strategy = Strategy.AUTO
    deadline: AwareDatetime | None = None
    max_cost_usd: Decimal | None = Field(default=None, gt=0, max_digits=18, decimal_places=9)
    data_class: DataClass = DataClass.INTERNAL
    callback_url: CallbackUrl | None = None
    metadata: dict[str, Annotated[str, Field(max_length=512)]] = Field(default_factory=dict, max_length=32)
    idempotency_key: IdempotencyKey | None = None

    @field_validator("prompt")
    @classmethod
    def _is_not_blank(cls, prompt: str | None) -> str | None:
        if prompt is not None and not prompt.replace("\x00", "").strip():
            raise ValueError("must not be blank")
        return prompt

    @model_validator(mode="after")
    def _has_one_content(self) -> Self:
        given = [name for name in ("prompt", "messages", "document") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of prompt, messages, document (got {', '.join(given) or 'none'})"
            )
        if self.task == KnownTask.CLASSIFY and not (self.options.labels or self.options.json_schema):
            raise ValueError("task 'classify' needs options.labels")
        if self.task == KnownTask.EXTRACT and self.options.json_schema is None:
            raise ValueError("task 'extract' needs options.json_schema")
        return self

    @property
    def text(self) -> str:
        """All content as one text, for routing and counting."""
        if self.prompt is not None:
            return self.prompt
        if self.document is not None:
            return self.document.text
        return "\n".join(message.content for message in self.messages or ())


class BatchRequest(Request):
    """What holds for a batch as a whole; its jobs follow one by one."""

    version: Literal[1] = 1
    name: str | None = Field(default=None, max_length=200)
    callback_url: CallbackUrl | None = None
    metadata: dict[str, Annotated[str, Field(max_length=512)]] = Field(default_factory=dict, max_length=32)
    idempotency_key: IdempotencyKey | None = None


def refuse_past_deadline(request: JobRequest, now: datetime) -> None:
    """Raises ValueError when the deadline lies before `now` (UTC)."""
    if request.deadline is not None and request.deadline <= now:
        raise ValueError(f"lies in the past ({request.deadline.isoformat()})")


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [child for node in level for child in _children(node)]
        if deepest > MAX_SCHEMA_DEPTH:
            break
    return deepest


def _nodes(schema: object) -> Iterator[object]:
    yield schema
    for child in _children(schema):
        yield from _nodes(child)


def _may_backtrack(node: object) -> bool:
    """Whether a pattern could take time that grows without bound: a repeated group is what it takes."""
    if not isinstance(node, dict):
        return False
    properties = node.get("patternProperties")
    patterns = [node.get("pattern"), *(properties if isinstance(properties, dict) else ())]
    texts = [pattern for pattern in patterns if isinstance(pattern, str)]
    return any(len(text) > MAX_PATTERN_CHARS or REPEATED_GROUP.search(text) for text in texts)


def _points_outside(node: object) -> bool:
    """Whether a reference would have to be fetched from somewhere."""
    references = (node.get("$ref"), node.get("$dynamicRef")) if isinstance(node, dict) else ()
    return any(isinstance(target, str) and not target.startswith("#") for target in references)


def _children(node: object) -> list[object]:
    if isinstance(node, dict):
        return list(node.values())
    return list(node) if isinstance(node, list) else []
