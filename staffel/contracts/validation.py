"""Turns what pydantic finds wrong into our errors, each with its field."""

from typing import Any

from pydantic import ValidationError

from staffel.contracts.errors import InvalidRequestError

MAX_FAULTS = 5


def invalid_request(error: ValidationError) -> InvalidRequestError:
    """One error that names every faulty field (the first few of very many); never the content of a field."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [_line(fault) for fault in faults[:MAX_FAULTS]]
    if len(faults) > MAX_FAULTS:
        lines.append(f"and {len(faults) - MAX_FAULTS} more")
    field = (_field(faults[0]) or None) if len(faults) == 1 else None
    return InvalidRequestError(_message(faults[0]) if field else "; ".join(lines), field=field)


def _line(fault: Any) -> str:
    return f"{_field(fault)}: {_message(fault)}" if fault["loc"] else _message(fault)


def _field(fault: Any) -> str:
    return ".".join(str(part) for part in fault["loc"])


def _message(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    return "unknown field" if fault["type"] == "extra_forbidden" else message
