"""A secret in a file that its owner alone can read."""

import os
from pathlib import Path

from workers.supervisor.embedded.errors import DataFolderMissingError
from workers.supervisor.process import Account

_OWNER_ONLY = 0o600


def write_secret(path: Path, secret: str, owner: Account | None = None) -> None:
    """Writes it anew, never through a file or link that is there already."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w") as file:
        if owner is not None:
            os.fchown(descriptor, owner.uid, owner.gid)
        file.write(secret)


def read_secret(path: Path) -> str:
    """Raises DataFolderMissingError when there is none."""
    try:
        return path.read_text().strip()
    except FileNotFoundError as error:
        raise DataFolderMissingError(
            f"the embedded database has no password file {path}: "
            "run `staffel up` once, or set STAFFEL_DATABASE_URL"
        ) from error
