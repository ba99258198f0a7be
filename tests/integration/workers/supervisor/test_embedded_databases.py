"""The embedded PostgreSQL and Redis, started for real: they keep what was promised, also after a kill."""

import os
import signal
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from redis import Redis

from workers.supervisor.embedded import wheels
from workers.supervisor.embedded.accounts import unprivileged_account
from workers.supervisor.embedded.errors import EmbeddedServerError
from workers.supervisor.embedded.paths import EmbeddedPaths, home_hash
from workers.supervisor.embedded.placement import copy_binaries, runs_for
from workers.supervisor.embedded.postgres import EmbeddedPostgres
from workers.supervisor.embedded.redis import EmbeddedRedis
from workers.supervisor.embedded.server import running
from workers.supervisor.process import ChildProcess, Launch

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
GRACE = timedelta(seconds=10)


def query(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Runs the statements in one transaction; the rows of the last one."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements[:-1]:
                connection.execute(sa.text(statement))
            return [tuple(row) for row in connection.execute(sa.text(statements[-1]))]
    finally:
        engine.dispose()


def insert(url: str) -> None:
    query(url, "CREATE TABLE kept (x int)", "INSERT INTO kept VALUES (42) RETURNING x")


def kill(child: ChildProcess) -> None:
    child.send(signal.SIGKILL)
    assert child.wait(GRACE) == -signal.SIGKILL


def test_postgres_is_durable_speaks_utf8_and_has_vectors(paths: EmbeddedPaths, tmp_path: Path) -> None:
    server = EmbeddedPostgres(paths)
    with running(server, tmp_path / "postgres.log") as child:
        settings = query(
            server.url(),
            "SELECT current_setting('fsync'), current_setting('synchronous_commit'), "
            "current_setting('TimeZone'), current_setting('server_encoding'), "
            "current_setting('listen_addresses')",
        )
        assert settings == [("on", "on", "UTC", "UTF8", "")]
        extension = query(
            server.url(), "CREATE EXTENSION vector", "SELECT '[1,2]'::vector <-> '[1,3]'::vector"
        )
        assert extension == [(1.0,)]
        assert query(server.url(), "SELECT upper('äöü')") == [("ÄÖÜ",)]
        assert child.pid is not None
        assert psutil.Process(child.pid).uids().real != 0
    assert child.poll() == 0


def test_postgres_asks_for_the_password(paths: EmbeddedPaths, tmp_path: Path) -> None:
    server = EmbeddedPostgres(paths)
    with running(server, tmp_path / "postgres.log"):
        wrong = server.url().replace("postgres:", "postgres:x", 1)
        with pytest.raises(sa.exc.OperationalError, match="password authentication failed"):
            query(wrong, "SELECT 1")
    assert (paths.postgres / "password").stat().st_mode & 0o777 == 0o600


def test_postgres_keeps_its_rows_over_a_kill(paths: EmbeddedPaths, tmp_path: Path) -> None:
    server = EmbeddedPostgres(paths)
    with running(server, tmp_path / "postgres.log") as child:
        insert(server.url())
        kill(child)
    assert (server.data / "postmaster.pid").exists()
    again = EmbeddedPostgres(paths)
    with running(again, tmp_path / "postgres.log"):
        assert query(again.url(), "SELECT x FROM kept") == [(42,)]


def test_postgres_starts_although_another_program_has_the_number_of_a_killed_one(
    paths: EmbeddedPaths, tmp_path: Path
) -> None:
    server = EmbeddedPostgres(paths)
    with running(server, tmp_path / "postgres.log") as child:
        kill(child)
    other = ChildProcess(Launch("other", ("sleep", "60"), tmp_path / "other.log", account=server.account))
    other.start()
    try:
        for lock in (server.data / "postmaster.pid", paths.postgres_sockets / ".s.PGSQL.5432.lock"):
            lock.write_text(lock.read_text().replace(str(child.pid), str(other.pid), 1))
        with running(server, tmp_path / "postgres.log"):
            assert query(server.url(), "SELECT 1") == [(1,)]
    finally:
        other.stop(GRACE)


def test_a_server_that_cannot_start_shows_the_end_of_its_log(paths: EmbeddedPaths, tmp_path: Path) -> None:
    server = EmbeddedPostgres(paths)
    with running(server, tmp_path / "postgres.log"):
        pass
    (server.data / "pg_hba.conf").write_text("nonsense\n")
    with pytest.raises(EmbeddedServerError, match=r"(?s)postgres ended with code 1 .*pg_hba\.conf"):
        running(server, tmp_path / "postgres.log").__enter__()


@as_root
def test_root_places_the_database_where_its_account_can_reach_it(open_folder: Path, tmp_path: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    paths = EmbeddedPaths.of(closed / "home", runtime_root=open_folder, system_folder=open_folder / "system")
    for _ in range(2):
        server = EmbeddedPostgres(paths)
        with running(server, tmp_path / "postgres.log"):
            assert query(server.url(), "CREATE TABLE IF NOT EXISTS t (x int)", "SELECT count(*) FROM t")
        assert server.data.parent == paths.system_folder
        assert server.data.stat().st_mode & 0o777 == 0o700
    assert len(list(paths.system_folder.glob(f"postgres-{home_hash(paths.home)}-*"))) == 1
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_copied_binaries_run_for_the_account(open_folder: Path) -> None:
    account = unprivileged_account()
    assert account is not None
    for _ in range(2):
        binaries = copy_binaries(wheels.POSTGRES, open_folder / "system")
    assert runs_for(binaries, account)
    assert [path.name for path in (open_folder / "system").iterdir()] == [
        f"postgres-binaries-{wheels.POSTGRES.version()}"
    ]


def test_a_home_that_is_served_already_is_refused(paths: EmbeddedPaths, tmp_path: Path) -> None:
    at_once = timedelta(0)
    with running(EmbeddedPostgres(paths), tmp_path / "postgres.log") as child:
        with pytest.raises(EmbeddedServerError, match="another staffel runs PostgreSQL"):
            EmbeddedPostgres(paths, predecessor_grace=at_once).prepare()
        assert child.poll() is None
    with running(EmbeddedRedis(paths), tmp_path / "redis.log") as child:
        with pytest.raises(EmbeddedServerError, match="another staffel runs Redis"):
            EmbeddedRedis(paths, predecessor_grace=at_once).prepare()
        assert child.poll() is None


def test_redis_keeps_its_keys_over_a_kill_and_lets_nobody_else_in(
    paths: EmbeddedPaths, tmp_path: Path
) -> None:
    server = EmbeddedRedis(paths)
    assert not server.ready()
    with running(server, tmp_path / "redis.log") as child:
        with Redis.from_url(server.url(), decode_responses=True) as client:
            client.set("kept", "42")
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("port") == {"port": "0"}
        assert paths.redis_socket.stat().st_mode & 0o777 == 0o700
        kill(child)
    assert paths.redis_socket.exists()
    with running(server, tmp_path / "redis.log") as child, Redis.from_url(server.url()) as client:
        assert client.get("kept") == b"42"
    assert child.poll() == 0
