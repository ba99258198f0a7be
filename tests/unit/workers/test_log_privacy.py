"""Logs hold tracebacks, and never the values of variables."""

import json

import pytest
import structlog

from tests.support.logging import logs_to_stderr


def fault(prompt: str) -> None:
    try:
        raise ZeroDivisionError("broken invariant")
    except ZeroDivisionError:
        structlog.get_logger("test").exception("handler_failed", size=len(prompt))


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_is_logged_without_the_prompt_that_stood_beside_it(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs_to_stderr(form):
        fault("the secret is 4711")
    logged = capsys.readouterr().err
    assert "ZeroDivisionError: broken invariant" in logged
    assert "in fault" in logged
    assert "4711" not in logged


def test_in_json_a_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    with logs_to_stderr("json"):
        fault("the secret is 4711")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["size"]) == ("handler_failed", "error", 18)
