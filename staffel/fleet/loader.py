"""Reads `fleet.toml`; what is wrong with it is said with file, line and field."""

import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from staffel.contracts.errors import ConfigurationError
from staffel.fleet.model import Fleet


def load_fleet(path: Path | None = None) -> Fleet:
    """The fleet declared in the file, or the packaged default.

    Raises ConfigurationError, which lists every fault with its field.
    """
    return parse_fleet(_read(path), source=str(path) if path else "default fleet.toml")


def parse_fleet(text: str, *, source: str) -> Fleet:
    """The fleet declared in a TOML text; `source` is what errors call it."""
    try:
        return Fleet.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source}: {error}") from error
    except ValidationError as error:
        raise ConfigurationError("\n".join(_faults(error, text, source))) from error


def default_fleet_text() -> str:
    """The packaged default, for people who want to start from it."""
    return files("staffel.fleet").joinpath("default.toml").read_text(encoding="utf-8")


def _read(path: Path | None) -> str:
    if path is None:
        return default_fleet_text()
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text") from error


def _faults(error: ValidationError, text: str, source: str) -> list[str]:
    faults = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        field = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        field, message = (field, message) if field else tuple(message.split(": ", 1))
        faults.append(f"{source}:{_line_of(field, text)}: {field}: {message}")
    return faults


def _line_of(field: str, text: str) -> int:
    """The line that most likely declares the field: its last named part, below its table's header."""
    parts = [part for part in field.split(".") if not part.isdigit()]
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if _is_header_of(line, field)), 0)
    for number in range(start, len(lines)):
        if parts and lines[number].split("=")[0].strip().strip('"') == parts[-1]:
            return number + 1
    return start + 1


def _is_header_of(line: str, field: str) -> bool:
    name = line.strip().replace('"', "")
    return name.startswith("[") and name.endswith("]") and (field + ".").startswith(name[1:-1] + ".")
