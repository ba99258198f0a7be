"""Errors at the edge: one line, and an exit code that scripts can tell apart."""

import pytest
import typer

from staffel.cli.failures import exit_code_of, plain_failures
from staffel.contracts.errors import (
    ConfigurationError,
    IdempotencyConflictError,
    InvalidRequestError,
    NotFoundError,
    ProviderRejectedError,
    StaffelError,
    UnreachableError,
)
from staffel.contracts.requests import JobRequest
from staffel.settings import Settings


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequestError("wrong", field="task"), 2),
        (IdempotencyConflictError("used"), 2),
        (ConfigurationError("wrong"), 2),
        (NotFoundError("nothing"), 2),
        (UnreachableError("Redis at x"), 3),
        (ProviderRejectedError("no"), 1),
        (StaffelError("?"), 1),
    ],
)
def test_each_family_has_its_exit_code(error: StaffelError, code: int) -> None:
    assert exit_code_of(error) == code


def test_an_error_of_ours_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, plain_failures():
        raise InvalidRequestError("must not be blank", field="prompt")
    assert ended.value.exit_code == 2
    assert capsys.readouterr() == ("", "error: prompt: must not be blank\n")


def test_what_pydantic_refuses_names_its_field(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), plain_failures():
        JobRequest.model_validate({"prompt": "x", "priority": 11})
    assert capsys.readouterr().err.startswith("error: priority: ")


def test_a_wrong_setting_names_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, plain_failures():
        Settings(log_format="xml")
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.startswith("error: STAFFEL_LOG_FORMAT: ")


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), plain_failures():
        _ = 1 / 0
    with pytest.raises(ValueError, match="not ours"), plain_failures():
        raise ValueError("not ours")
