"""Strict JSON: what another program or the database would refuse is refused here, with words."""

import json
from collections.abc import Mapping
from typing import NoReturn

TEXT_FIELDS = ("text", "prompt", "document")


def parse_json(text: str) -> object:
    """The JSON value of a text. Raises ValueError saying what is broken."""
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"{error.msg} ({where})") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    # Only an escape can smuggle half a surrogate pair in; the check of all content is paid only then.
    if "\\ud" in text.lower():
        _refuse_half_pairs(value)
    return value


def text_field(fields: Mapping[str, object]) -> str:
    """The first of the text fields that is a string, or nothing."""
    return next((value for name in TEXT_FIELDS if isinstance(value := fields.get(name), str)), "")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _refuse_half_pairs(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("an escape names half of a surrogate pair") from error
