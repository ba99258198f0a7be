"""Where the embedded servers keep their data and their sockets."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from workers.supervisor.embedded.errors import UnsafeFolderError
from workers.supervisor.embedded.folders import create_own_folder

MAX_SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107
_PRIVATE = 0o700
# Root lets its unprivileged account pass through, not list: the servers' folders below have their own modes.
_PASSABLE = 0o711


@dataclass(frozen=True, slots=True)
class EmbeddedPaths:
    """`home` is STAFFEL_HOME; `runtime` holds the sockets and is short, because their paths are limited.

    `system_folder` is used by root alone, for what its unprivileged account cannot reach below `home`.
    """

    home: Path
    runtime: Path
    system_folder: Path

    @classmethod
    def of(
        cls,
        home: Path,
        *,
        runtime_root: Path = Path("/tmp"),  # noqa: S108 - the one short path that always exists; see create_own_folder
        system_folder: Path = Path("/var/lib/staffel"),
    ) -> "EmbeddedPaths":
        resolved = home.expanduser().resolve()
        runtime = runtime_root / f"staffel-{os.geteuid()}-{home_hash(resolved)}"
        return cls(home=resolved, runtime=runtime, system_folder=system_folder)

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def redis(self) -> Path:
        return self.home / "redis"

    @property
    def postgres_sockets(self) -> Path:
        return self.runtime / "pg"

    @property
    def redis_socket(self) -> Path:
        return self.runtime / "redis.sock"

    def prepare(self) -> None:
        """Creates the home and the runtime folder. Raises UnsafeFolderError; may run twice."""
        mode = _PASSABLE if os.geteuid() == 0 else _PRIVATE
        self.home.parent.mkdir(parents=True, exist_ok=True)
        if not self.home.exists():
            create_own_folder(self.home, mode)
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise UnsafeFolderError(
                f"{self.home} cannot be written to by this account: set STAFFEL_HOME to another"
            )
        refuse_long_socket(self.postgres_sockets / ".s.PGSQL.65535")
        create_own_folder(self.runtime, mode)


def home_hash(home: Path) -> str:
    """Keeps two checkouts apart in the places that they share."""
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:10]


def refuse_long_socket(path: Path) -> None:
    if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
        raise UnsafeFolderError(f"{path} is too long for a socket ({MAX_SOCKET_PATH_BYTES} bytes at most)")
