"""From what a person names (files, folders, globs) to the files in it, in an order that never changes."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from staffel.documents.errors import DocumentNotFoundError
from staffel.documents.manifest import MANIFEST_NAME


def expand_paths(paths: Iterable[Path | str]) -> Iterator[Path]:
    """The files behind the paths, each once: files as named, folders walked, globs (`**` too) matched.

    Hidden files and manifests are passed over unless named outright. All paths are checked before the first
    file is given, so that nothing of a list with a typing error is submitted: raises DocumentNotFoundError.
    """
    return _files([found for path in paths for found in _existing(Path(path))])


def _existing(path: Path) -> list[Path]:
    if os.path.lexists(path):
        return [path]
    matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    if not matches:
        what = "no file matches" if glob.has_magic(str(path)) else "no such file or folder"
        raise DocumentNotFoundError(f"{path}: {what}")
    return [match for match in matches if match.is_dir() or not _is_passed_over(match)]


def _files(found: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in found:
        for file in _walk(path):
            place = file.resolve()
            if place not in seen:
                seen.add(place)
                yield file


def _walk(path: Path) -> Iterator[Path]:
    """Links to folders are not followed: they may lead in a circle or out of the folder that was named."""
    if not path.is_dir():
        yield path
        return
    try:
        children = sorted(path.iterdir())
    except OSError:
        # Given as it is: reading it says why it cannot be read.
        yield path
        return
    for child in children:
        if _is_passed_over(child) or (child.is_symlink() and child.is_dir()):
            continue
        yield from _walk(child)


def _is_passed_over(path: Path) -> bool:
    return path.name.startswith(".") or path.name == MANIFEST_NAME
