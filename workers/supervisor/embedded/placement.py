"""Decides where PostgreSQL's binaries and data are, so that the account it runs as can reach them.

An ordinary user needs nothing of this. Root drops to an account without rights, and a checkout below a
private folder (a home, a clone in `mktemp -d`) is out of that account's reach: then both live below the
system folder. Folders that are not ours keep their permissions.
"""

import errno
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workers.supervisor.embedded.accounts import owning_account, unprivileged_account
from workers.supervisor.embedded.errors import (
    AccountDropError,
    DataFolderMissingError,
    UnreachableFolderError,
)
from workers.supervisor.embedded.folders import barrier, create_own_folder
from workers.supervisor.embedded.paths import EmbeddedPaths, home_hash
from workers.supervisor.embedded.wheels import Wheel
from workers.supervisor.process import Account, neutral_environment

_INSTALLATION = "pginstall18"
_READABLE_FOLDER = 0o755
_READABLE_FILE = 0o644
_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Placement:
    """`data` exists only when the database does; `account` is None for an ordinary user."""

    binaries: Path
    data: Path
    account: Account | None


def place(paths: EmbeddedPaths, wheel: Wheel) -> Placement:
    """Needs the folder `paths.postgres`. Copies the binaries where that is needed, and nothing else."""
    data = existing_data(paths)
    account = unprivileged_account() if data is None else owning_account(data)
    binaries = wheel.file(_INSTALLATION, "bin", "postgres").parent
    if account is None:
        return Placement(binaries, data or _own_data(paths), None)
    if data is None:
        data = _new_data(paths, account)
    elif (blocking := barrier(data, account)) is not None:
        raise UnreachableFolderError(
            f"the account {account.name} cannot reach the database in {data}, because {blocking} is closed: "
            f"open it (chmod o+x {blocking}), or move the home"
        )
    if not runs_for(binaries, account):
        binaries = copy_binaries(wheel, paths.system_folder)
    return Placement(binaries, data, account)


def existing_data(paths: EmbeddedPaths) -> Path | None:
    """The folder of an initialised database. Raises DataFolderMissingError if its recorded place is empty."""
    record = _record(paths)
    if record.is_file():
        data = Path(record.read_text().strip())
        if not _initialised(data):
            raise DataFolderMissingError(
                f"the database was kept in {data} and is not there any more: bring it back, "
                f"or remove {record} to begin with an empty one"
            )
        return data
    return _own_data(paths) if _initialised(_own_data(paths)) else None


def record_place(paths: EmbeddedPaths, data: Path) -> None:
    """Remembers a place outside the home, so that it is found again whatever the permissions are by then."""
    if data != _own_data(paths):
        _record(paths).write_text(f"{data}\n")


def _new_data(paths: EmbeddedPaths, account: Account) -> Path:
    """In the home if possible. Outside, the name is always new: a home made anew begins with an empty one."""
    if barrier(paths.postgres, account) is None:
        return _own_data(paths)
    _create_system_folder(paths.system_folder)
    return paths.system_folder / f"postgres-{home_hash(paths.home)}-{secrets.token_hex(4)}"


def copy_binaries(wheel: Wheel, system_folder: Path) -> Path:
    """Copies the binaries, once a version, whole or not at all. The layout leads to the libraries."""
    target = system_folder / f"postgres-binaries-{wheel.version()}"
    if not target.is_dir():
        _create_system_folder(system_folder)
        building = Path(tempfile.mkdtemp(prefix=".postgres-binaries-", dir=system_folder))
        try:
            package = wheel.folder()
            needless = shutil.ignore_patterns("include", "*.a", "pkgconfig")
            shutil.copytree(
                package / _INSTALLATION,
                building / package.name / _INSTALLATION,
                ignore=needless,
                symlinks=True,
            )
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, building / libraries.name)
            _open_for_reading(building)
            _rename_unless_there(building, target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return target / wheel.package / _INSTALLATION / "bin"


def _rename_unless_there(building: Path, target: Path) -> None:
    try:
        building.rename(target)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:  # else another start of staffel was faster
            raise


def _open_for_reading(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink():
            continue
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(_READABLE_FOLDER if executable else _READABLE_FILE)


def _create_system_folder(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    create_own_folder(folder, _READABLE_FOLDER)


def runs_for(binaries: Path, account: Account) -> bool:
    """Whether the account can start PostgreSQL from there: the only check that sees every obstacle."""
    try:
        done = subprocess.run(
            [binaries / "postgres", "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            env=neutral_environment(),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except PermissionError as error:
        if error.errno == errno.EACCES:
            return False
        raise AccountDropError(
            f"PostgreSQL refuses to run as root, and root may not become {account.name} ({error.strerror}): "
            "start staffel as an ordinary user, or set STAFFEL_DATABASE_URL"
        ) from error
    return done.returncode == 0


def _own_data(paths: EmbeddedPaths) -> Path:
    return paths.postgres / "data"


def _record(paths: EmbeddedPaths) -> Path:
    return paths.postgres / "data-folder"


def _initialised(data: Path) -> bool:
    return (data / "PG_VERSION").is_file()
