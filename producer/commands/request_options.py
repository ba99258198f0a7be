"""The options of a request, declared once for every command that takes them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from producer.commands.option_group import with_options
from producer.times import parse_deadline
from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.privacy import DataClass
from staffel.contracts.tiers import Tier

PANEL = "Request"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **settings)


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What the command line says of a request; what is None was not given."""

    task: Annotated[
        str | None,
        _option(
            help="chat, complete, classify, sentiment, extract, summarize, translate, code, analyze, ..."
        ),
    ] = None
    tier: Annotated[Tier | None, _option(help="Force a tier.")] = None
    model: Annotated[str | None, _option(help="Force a model of the fleet.")] = None
    priority: Annotated[int | None, _option(min=0, max=9, help="0 is the most urgent.")] = None
    strategy: Annotated[
        str | None, _option(help="auto escalates when checks fail, fixed stays on its tier.")
    ] = None
    data_class: Annotated[DataClass | None, _option(help="Where the content may be processed.")] = None
    deadline: Annotated[str | None, _option(help="A time (ISO 8601), or 30m or 2h from now.")] = None
    max_cost_usd: Annotated[str | None, _option(help="Never spend more on one job.")] = None
    max_output_tokens: Annotated[int | None, _option(min=1, help="The longest answer.")] = None
    temperature: Annotated[float | None, _option(min=0.0, max=2.0)] = None
    schema: Annotated[
        str | None, _option(metavar="FILE|JSON", help="JSON schema that the answer must fit.")
    ] = None
    labels: Annotated[str | None, _option(metavar="A,B,C", help="Labels to choose from.")] = None
    language: Annotated[str | None, _option(help="Language of the answer, like de or en.")] = None
    metadata: Annotated[
        list[str] | None, _option(metavar="KEY=VALUE", help="Kept with the job; may be repeated.")
    ] = None

    def as_fields(self, now: datetime) -> dict[str, object]:
        """The fields of a request that were given; raises InvalidRequestError naming the faulty one."""
        top = {
            "task": self.task,
            "tier": self.tier,
            "model": self.model,
            "priority": self.priority,
            "strategy": self.strategy,
            "data_class": self.data_class,
            "deadline": parse_deadline(self.deadline, now=now) if self.deadline is not None else None,
            "max_cost_usd": self.max_cost_usd,
            "metadata": _pairs(self.metadata) if self.metadata else None,
        }
        options = {
            "max_output_tokens": self.max_output_tokens,
            "temperature": self.temperature,
            "json_schema": _schema(self.schema) if self.schema is not None else None,
            "labels": _labels(self.labels) if self.labels is not None else None,
            "language": self.language,
        }
        given = _given(options)
        return _given(top) | ({"options": given} if given else {})


def with_request_options(command: Callable[..., None]) -> Callable[..., None]:
    """Replaces the parameter `request: RequestOptions` of a command by one option a field."""
    return with_options(command, RequestOptions, "request")


def _given(values: dict[str, Any]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _pairs(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not key or not separator:
            raise InvalidRequestError(f"{pair!r} is not KEY=VALUE", field="metadata")
        found[key] = value
    return found


def _labels(text: str) -> list[str]:
    return [label.strip() for label in text.split(",") if label.strip()]


def _schema(text: str) -> object:
    """From the option itself, or from the file that it names."""
    inline = text.lstrip().startswith("{")
    try:
        return json.loads(text if inline else Path(text).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequestError(f"{text}: {error.strerror}", field="schema") from error
    except ValueError as error:
        raise InvalidRequestError(f"{'' if inline else text + ': '}{error}", field="schema") from error
