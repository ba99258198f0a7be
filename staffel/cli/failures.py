"""Errors at the edge of the command line: one clear line on standard error, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from staffel.contracts.errors import (
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    StaffelError,
    UnreachableError,
)

#: What was asked for ended badly: a job failed, or anything else went wrong.
FAILED = 1
#: The request, the configuration or an id is wrong.
WRONG_INPUT = 2
#: A server of ours cannot be reached.
UNREACHABLE = 3
#: Ctrl-C.
INTERRUPTED = 130


def exit_code_of(error: StaffelError) -> int:
    if isinstance(error, InvalidRequestError | ConfigurationError | NotFoundError):
        return WRONG_INPUT
    return UNREACHABLE if isinstance(error, UnreachableError) else FAILED


@contextmanager
def plain_failures() -> Iterator[None]:
    """Says our errors in plain words; anything else is a fault of the program and keeps its traceback."""
    try:
        yield
    except StaffelError as error:
        _end(error)
    except ValueError as error:
        from pydantic import ValidationError

        if not isinstance(error, ValidationError):
            raise
        _end(_named(error))


def _end(error: StaffelError) -> None:
    typer.echo(f"error: {error.message}", err=True)
    raise typer.Exit(exit_code_of(error)) from error


def _named(error: ValueError) -> StaffelError:
    from pydantic import ValidationError

    from staffel.cli.settings import wrong_settings
    from staffel.contracts.validation import invalid_request

    assert isinstance(error, ValidationError)  # noqa: S101 - the caller looked
    return wrong_settings(error) if error.title.endswith("Settings") else invalid_request(error)
