"""Logging as the programs set it up, for as long as a test looks at it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from staffel.observability.logs import configure_logging


@contextmanager
def logs_to_stderr(form: str = "console") -> Iterator[None]:
    """Everything as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(level="DEBUG", form=form)
    structlog.configure(cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
