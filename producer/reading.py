"""From files, folders and globs to the items of a batch; what is no job comes as a rejected item."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from producer.fields import Fields, build_request, fields_of_file, fields_of_line, fields_of_row
from producer.submission.items import Rejected, Submitted
from staffel.contracts.errors import InvalidRequestError, UnreadableDocumentError
from staffel.documents import (
    DocumentItem,
    Item,
    Manifest,
    UnreadableItem,
    expand_paths,
    load_manifest,
    read_documents,
)

#: How a kind of file says what its items ask for; any other kind is one document.
FIELDS_BY_SUFFIX: Mapping[str, Callable[[DocumentItem], Fields]] = {
    ".jsonl": fields_of_line,
    ".csv": fields_of_row,
}


def read_items(paths: Sequence[Path], defaults: Fields) -> Iterator[Submitted | Rejected]:
    """The items behind the paths, in an order that never changes.

    A `manifest.toml` in a folder that is named gives its files their fields, above `defaults`.
    Raises DocumentNotFoundError for a path that leads nowhere, ManifestError for a broken manifest.
    """
    manifests = _manifests(paths)
    for file in expand_paths(paths):
        layers = (defaults, _fields_for(file, manifests))
        fields_of = FIELDS_BY_SUFFIX.get(file.suffix.lower(), fields_of_file)
        for item in read_documents(file):
            yield _item(item, fields_of, layers)


def _item(
    item: Item, fields_of: Callable[[DocumentItem], Fields], layers: Sequence[Fields]
) -> Submitted | Rejected:
    if isinstance(item, UnreadableItem):
        return Rejected(item.source, UnreadableDocumentError(item.reason))
    try:
        return Submitted(build_request(*layers, fields_of(item)), item.source)
    except InvalidRequestError as error:
        return Rejected(item.source, error)


def _manifests(paths: Sequence[Path]) -> dict[Path, Manifest]:
    """The manifests of the folders among the paths, the deepest folder first."""
    folders = sorted({path for path in paths if path.is_dir()}, key=lambda path: -len(path.parts))
    found = ((folder, load_manifest(folder)) for folder in folders)
    return {folder: manifest for folder, manifest in found if manifest is not None}


def _fields_for(file: Path, manifests: Mapping[Path, Manifest]) -> Fields:
    for folder, manifest in manifests.items():
        if file.is_relative_to(folder):
            entry = manifest.entry_for(file.relative_to(folder).as_posix())
            if entry is not None:
                return entry.request
    return {}
