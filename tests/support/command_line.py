"""Runs `staffel` inside the test, in an empty folder and without settings."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from typer.testing import CliRunner

from staffel.cli.main import build_app


@dataclass(frozen=True)
class Ended:
    """What a command printed and how it ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


class CommandLine:
    """Errors that are no messages are raised, so that a test sees the traceback."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        inherited = {name: None for name in os.environ if name.startswith("STAFFEL_")}
        self._environment: dict[str, str | None] = {**inherited, "COLUMNS": "200", **settings}

    def __call__(self, *arguments: str | Path, stdin: str | bytes | None = None) -> Ended:
        with chdir(self.folder), _own_logging():
            done = CliRunner().invoke(
                build_app(), [str(argument) for argument in arguments], input=stdin, env=self._environment
            )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)


@contextmanager
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
