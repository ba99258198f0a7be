"""Local files as text, behind one seam: nothing outside this room knows a file format."""

from staffel.documents.errors import DocumentNotFoundError, ManifestError
from staffel.documents.items import DocumentItem, Item, Limits, UnreadableItem
from staffel.documents.manifest import MANIFEST_NAME, Manifest, ManifestEntry, load_manifest
from staffel.documents.paths import expand_paths
from staffel.documents.reading import READERS, read_documents

__all__ = [
    "MANIFEST_NAME",
    "READERS",
    "DocumentItem",
    "DocumentNotFoundError",
    "Item",
    "Limits",
    "Manifest",
    "ManifestEntry",
    "ManifestError",
    "UnreadableItem",
    "expand_paths",
    "load_manifest",
    "read_documents",
]
