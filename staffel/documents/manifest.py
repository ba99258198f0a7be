"""`manifest.toml` beside the documents of a folder: which request each of them is sent with."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from staffel.documents.errors import ManifestError

MANIFEST_NAME = "manifest.toml"


def _refuse_foreign_path(path: str) -> str:
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        raise ValueError("must be a glob below the folder of the manifest, with '/' between its parts")
    return path


class ManifestEntry(BaseModel):
    """One `[[documents]]` table: a glob, and the fields of a job request, which the submission checks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Field(min_length=1), AfterValidator(_refuse_foreign_path)]
    request: Mapping[str, object] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_request(cls, table: Any) -> Any:
        """All fields but the path are the request's."""
        if not isinstance(table, dict):
            return table
        request = {name: value for name, value in table.items() if name != "path"}
        return {"request": request} | ({"path": table["path"]} if "path" in table else {})

    def matches(self, relative_path: str) -> bool:
        """Whether the glob covers the path (relative to the folder, '/' between its parts)."""
        return _is_covered(relative_path.split("/"), self.path.split("/"))


class Manifest(BaseModel):
    """The entries of a folder, in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    documents: tuple[ManifestEntry, ...] = ()

    def entry_for(self, relative_path: str) -> ManifestEntry | None:
        """The first entry that covers the path (relative to the folder, '/' between its parts)."""
        return next((entry for entry in self.documents if entry.matches(relative_path)), None)


def load_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, if it has one. Raises ManifestError naming file, line and field."""
    path = folder / MANIFEST_NAME
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: not UTF-8") from error
    try:
        return Manifest.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path}: {error}") from error
    except ValidationError as error:
        raise ManifestError("\n".join(_faults(error, path, text))) from error


def _faults(error: ValidationError, path: Path, text: str) -> list[str]:
    faults = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        location, message = fault["loc"], fault["msg"].removeprefix("Value error, ")
        faults.append(f"{path}:{_line_of(location, text)}: {_field(location)}: {message}")
    return faults


def _field(location: tuple[int | str, ...]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _line_of(location: tuple[int | str, ...], text: str) -> int:
    """The line that names the field within its entry, or the header of the entry."""
    lines = text.splitlines()
    headers = [number for number, line in enumerate(lines) if re.match(r"\s*\[\[\s*documents\s*]]", line)]
    index = next((part for part in location if isinstance(part, int)), None)
    start, end = 0, len(lines)
    if index is not None and index < len(headers):
        start, end = [*headers, end][index : index + 2]
    name = re.escape(str(location[-1]))
    named = (n for n in range(start, end) if re.match(rf"\s*\[*\s*{name}\b", lines[n]))
    return next(named, start) + 1


def _is_covered(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    """Part by part, so that `*` and `?` stay inside one; `**` stands for any number of parts, none too."""
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_is_covered(parts[skipped:], patterns[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _is_covered(parts[1:], patterns[1:])
