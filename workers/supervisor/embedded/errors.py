"""What can go wrong with the embedded servers; each message says what to do about it.

EmbeddedError
 ├── PackageMissingError       a wheel of the extra `embedded` is not installed
 ├── WeightsMissingError       the file of the small language model is not installed
 ├── UnsafeFolderError         a folder that we must own belongs to, or is writable by, somebody else
 ├── UnreachableFolderError    the unprivileged account cannot get at the database's folder
 ├── DataFolderMissingError    the database's folder was recorded and is not there any more
 ├── AccountDropError          root is not allowed to become the unprivileged account
 └── EmbeddedServerError       a server did not start, did not become ready, or runs already
"""


class EmbeddedError(Exception):
    """An embedded server cannot be used."""


class PackageMissingError(EmbeddedError):
    """A wheel of the extra `embedded` is not installed."""


class WeightsMissingError(EmbeddedError):
    """The file of the small language model is not installed."""


class UnsafeFolderError(EmbeddedError):
    """A folder that must be ours alone is not."""


class UnreachableFolderError(EmbeddedError):
    """The unprivileged account cannot get at the database's folder."""


class DataFolderMissingError(EmbeddedError):
    """The database's folder was recorded and is not there any more."""


class AccountDropError(EmbeddedError):
    """Root is not allowed to become the unprivileged account."""


class EmbeddedServerError(EmbeddedError):
    """A server did not start, did not become ready, or runs already."""
