"""The embedded PostgreSQL: version 18 from a wheel, in the foreground, on a Unix socket, with a password.

The binaries are run by us and not by the wheel's own start code, which shares a lock file between all users
of the machine and, as root, changes permissions up the path.
"""

import contextlib
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from workers.supervisor.embedded import wheels
from workers.supervisor.embedded.errors import EmbeddedServerError
from workers.supervisor.embedded.folders import create_own_folder
from workers.supervisor.embedded.paths import EmbeddedPaths
from workers.supervisor.embedded.placement import Placement, existing_data, place, record_place
from workers.supervisor.embedded.secret_file import read_secret, write_secret
from workers.supervisor.process import Account, neutral_environment

_DATABASE = "staffel"
_LOCK_FILE = "postmaster.pid"
_SUPERUSER = "postgres"
_PORT = 5432  # only a part of the socket's name
_PRIVATE = 0o700
_PASSABLE = 0o711  # the data folder below has a mode of its own
_INIT_TIMEOUT_S = 120
_CONNECT_TIMEOUT_S = 2
_CHECK_S = 0.05

_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "unix_socket_permissions": "0700",
}


class EmbeddedPostgres:
    """PostgreSQL for one home. As root it runs as an account without rights, which also owns the data."""

    name = "postgres"
    stop_signal = signal.SIGINT  # a fast shutdown: open transactions are rolled back

    def __init__(self, paths: EmbeddedPaths, *, predecessor_grace: timedelta = timedelta(seconds=20)) -> None:
        self._paths = paths
        self._predecessor_grace = predecessor_grace
        self._placement: Placement | None = None
        self._database_seen = False

    @property
    def account(self) -> Account | None:
        return self._placed().account

    @property
    def data(self) -> Path:
        return self._placed().data

    def prepare(self) -> None:
        """Makes the database the first time; afterwards clears away what a killed server has left."""
        wheels.POSTGRES.folder()
        self._paths.prepare()
        create_own_folder(self._paths.postgres, _PASSABLE)
        self._placement = place(self._paths, wheels.POSTGRES)
        create_own_folder(self._paths.postgres_sockets, _PRIVATE, self._placement.account)
        if existing_data(self._paths) is None:
            self._initialise(self._placement)
        else:
            self._clear_leftovers(self._placement.data)

    def command(self) -> list[str]:
        placement = self._placed()
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        program = [str(placement.binaries / "postgres"), "-D", str(placement.data)]
        return [*program, "-k", str(self._paths.postgres_sockets), *settings]

    def environment(self) -> dict[str, str]:
        return {}

    def url(self) -> str:
        """For SQLAlchemy. Another process may ask for it too, once the database has been made."""
        password = read_secret(self._password_file)
        place_in_url = f"host={quote(str(self._paths.postgres_sockets), safe='/')}&port={_PORT}"
        return f"postgresql+psycopg://{_SUPERUSER}:{password}@/{_DATABASE}?{place_in_url}"

    def ready(self) -> bool:
        """True once the database `staffel` can be used; the first call that gets through creates it."""
        try:
            if not self._database_seen:
                self._create_database()
                self._database_seen = True
            with self._connection(_DATABASE):
                return True
        except psycopg.OperationalError:
            return False

    def _create_database(self) -> None:
        with self._connection("postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone()
            if found is None:
                with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                    connection.execute(f"CREATE DATABASE {_DATABASE}")

    @contextmanager
    def _connection(self, database: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(
            host=str(self._paths.postgres_sockets),
            port=_PORT,
            user=_SUPERUSER,
            password=read_secret(self._password_file),
            dbname=database,
            connect_timeout=_CONNECT_TIMEOUT_S,
            autocommit=True,
        ) as connection:
            yield connection

    @property
    def _password_file(self) -> Path:
        return self._paths.postgres / "password"

    def _placed(self) -> Placement:
        if self._placement is None:
            raise EmbeddedServerError("the embedded PostgreSQL has no place yet: prepare() comes first")
        return self._placement

    def _initialise(self, placement: Placement) -> None:
        """Beside the final place and then renamed: half a database is never taken for one."""
        building = placement.data.with_name(f"{placement.data.name}.new")
        shutil.rmtree(building, ignore_errors=True)
        create_own_folder(building, _PRIVATE, placement.account)
        password = secrets.token_urlsafe(24)
        # Where the account can read it, for a moment; a pipe of ours would be closed to it.
        password_copy = self._paths.postgres_sockets / "new-password"
        try:
            write_secret(password_copy, password, placement.account)
            _run_initdb(placement, building, password_copy)
            write_secret(self._password_file, password)
            building.rename(placement.data)
            record_place(self._paths, placement.data)
        finally:
            password_copy.unlink(missing_ok=True)
            shutil.rmtree(building, ignore_errors=True)

    def _clear_leftovers(self, data: Path) -> None:
        """Waits for a predecessor that is still ending, then removes locks that would mislead PostgreSQL.

        It takes a lock for a living one if the recorded process number belongs to any other program of this
        account by now, which is usual after a container has started anew. The lock of a dead process is left
        to PostgreSQL: it also looks for orphans of that server.
        """
        until = time.monotonic() + self._predecessor_grace.total_seconds()
        while _serves(pid := _recorded_pid(data), data):
            if time.monotonic() > until:
                raise EmbeddedServerError(
                    f"another staffel runs PostgreSQL for {self._paths.home}: stop that one first"
                )
            time.sleep(_CHECK_S)
        if pid is not None and psutil.pid_exists(pid):
            (data / _LOCK_FILE).unlink(missing_ok=True)
        socket = self._paths.postgres_sockets / f".s.PGSQL.{_PORT}"
        socket.unlink(missing_ok=True)
        socket.with_name(f"{socket.name}.lock").unlink(missing_ok=True)


def _run_initdb(placement: Placement, data: Path, password_file: Path) -> None:
    account = placement.account
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    access = [f"--username={_SUPERUSER}", "--auth=scram-sha-256", f"--pwfile={password_file}"]
    try:
        done = subprocess.run(
            [placement.binaries / "initdb", f"--pgdata={data}", *access, *locale, "--no-instructions"],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            cwd="/",
            env=neutral_environment(),
            capture_output=True,
            text=True,
            timeout=_INIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedServerError(f"PostgreSQL could not make a database in {data}: {error}") from error
    if done.returncode != 0:
        raise EmbeddedServerError(f"PostgreSQL could not make a database in {data}:\n{done.stderr.strip()}")


def _recorded_pid(data: Path) -> int | None:
    """The process that holds, or held, the data folder."""
    try:
        return int((data / _LOCK_FILE).read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _serves(pid: int | None, data: Path) -> bool:
    """Whether that process is a PostgreSQL server on this data, and not a later owner of its number."""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        return process.name() == "postgres" and str(data) in process.cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
