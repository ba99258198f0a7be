"""Folders that must be ours alone, and whether another account can reach a folder."""

import os
import stat
from pathlib import Path

from workers.supervisor.embedded.errors import UnsafeFolderError
from workers.supervisor.process import Account

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def create_own_folder(path: Path, mode: int, owner: Account | None = None) -> None:
    """Creates the folder for ourselves or, as root, for `owner`; accepts an existing one only if it is safe.

    Raises UnsafeFolderError for a symlink, a folder of somebody else or one that others can write to: in a
    shared place such as /tmp anybody may have put it there first.
    """
    if _made(path, mode):
        path.chmod(mode)  # mkdir's mode is cut by the umask
    else:
        _refuse_unsafe(path, {os.geteuid(), owner.uid if owner else os.geteuid()})
    if owner is not None:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def _made(path: Path, mode: int) -> bool:
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        return False
    return True


def _refuse_unsafe(path: Path, owners: set[int]) -> None:
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise UnsafeFolderError(
            f"{path} is a link or a file where staffel needs a folder of its own: remove it"
        )
    if status.st_uid not in owners:
        raise UnsafeFolderError(
            f"{path} belongs to another account ({status.st_uid}): "
            "start staffel as that account, or set STAFFEL_HOME to another folder"
        )
    if status.st_mode & _WRITABLE_BY_OTHERS:
        raise UnsafeFolderError(f"{path} can be written to by others: remove it, or chmod go-w")


def barrier(path: Path, account: Account) -> Path | None:
    """The first folder on the way down to `path`, itself included, that the account cannot pass, if any.

    The account has no groups but its own. Folders that do not exist yet are ours to make and no barrier.
    """
    for folder in [*reversed(path.parents), path]:
        if not folder.exists():
            return None
        if not _passable(folder.stat(), account):
            return folder
    return None


def _passable(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
