"""The errors of reading documents.

NotFoundError
└── DocumentNotFoundError     a path or glob that leads nowhere
ConfigurationError
└── ManifestError             names file, line and field
UnreadableDocumentError       stays inside this room: `read_documents` turns it into an UnreadableItem
"""

from staffel.contracts.errors import ConfigurationError, NotFoundError


class DocumentNotFoundError(NotFoundError):
    """No file, folder or match for this path."""

    code = "document_not_found"


class ManifestError(ConfigurationError):
    """The manifest is not valid."""

    code = "manifest"


class UnreadableDocumentError(Exception):
    """A file or row gives no text; the message is the reason shown to its owner."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
