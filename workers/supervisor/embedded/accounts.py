"""Which account PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from workers.supervisor.embedded.errors import AccountDropError
from workers.supervisor.process import Account

_CANDIDATES = ("postgres", "nobody")


def unprivileged_account(candidates: Iterable[str] = _CANDIDATES) -> Account | None:
    """The account to drop to, or None when we are an ordinary user and nothing is to be dropped."""
    if os.geteuid() != 0:
        return None
    for name in candidates:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise AccountDropError(
        "PostgreSQL refuses to run as root, and this machine has neither an account `postgres` nor `nobody`: "
        "start staffel as an ordinary user, or set STAFFEL_DATABASE_URL"
    )


def owning_account(folder: Path) -> Account | None:
    """The account that owns the folder, or None when we are an ordinary user.

    An existing database stays with its account, even if a better candidate has appeared since.
    """
    if os.geteuid() != 0:
        return None
    status = folder.stat()
    if status.st_uid == 0:
        raise AccountDropError(
            f"PostgreSQL refuses to run as root, and its data folder {folder} belongs to root: "
            "give it to the account that made it (chown -R), or set STAFFEL_DATABASE_URL"
        )
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = str(status.st_uid)
    return Account(name=name, uid=status.st_uid, gid=status.st_gid)
