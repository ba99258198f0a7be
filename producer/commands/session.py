"""What every command does at its edges: settings, one event loop, ids, the text of a request."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import typer

from staffel.cli.failures import FAILED, INTERRUPTED
from staffel.cli.printing import note, warn
from staffel.cli.settings import read_settings
from staffel.contracts.errors import InvalidRequestError, UnreachableError
from staffel.observability.logs import configure_logging
from staffel.settings import Settings

Answer = TypeVar("Answer")


def settings() -> Settings:
    """Settings, with the logs of libraries quiet: a command speaks for itself."""
    configure_logging(level="CRITICAL")
    return read_settings(Settings)


def run(work: Coroutine[None, None, Answer]) -> Answer:
    """The one event loop of a command."""
    return asyncio.run(work)


def parse_id(text: str, kind: str = "job") -> UUID:
    """Raises InvalidRequestError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r} is no id of a {kind}", field="id") from error


def parse_ids(texts: list[str] | None) -> tuple[UUID, ...]:
    return tuple(parse_id(text) for text in texts or ())


def read_text(argument: str) -> str:
    """The argument itself, or standard input for `-`; raises InvalidRequestError when that is no text."""
    if argument != "-":
        return argument
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequestError("standard input is not UTF-8 text", field="prompt") from error


def warn_of_broker(place: str, what: str) -> None:
    warn(f"Redis at {place} cannot be reached: {what}")


@contextmanager
def going_on(what: str, look: str, known: Callable[[], UUID | None]) -> Iterator[None]:
    """What ends the waiting (Ctrl-C, a time-out, a lost database) does not end what is waited for.

    `known` gives its id once it has one.
    """
    try:
        yield
    except (KeyboardInterrupt, TimeoutError, UnreachableError) as error:
        identifier = known()
        if identifier is None:
            raise
        note(f"the {what} goes on; look at it with `staffel {look} {identifier}`")
        if isinstance(error, UnreachableError):
            raise
        raise typer.Exit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED) from error
