"""Real servers for whoever asks: one PostgreSQL and one Redis a test run, emptied before each test."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import Servers, start_servers


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Short, and passable for the account that PostgreSQL runs as: pytest's own folders are private."""
    folder = Path(tempfile.mkdtemp(prefix="staffel-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def running_servers(server_folder: Path) -> Iterator[Servers]:
    with start_servers(server_folder) as servers:
        yield servers


@pytest.fixture
def servers(running_servers: Servers) -> Servers:
    """Migrated and empty."""
    running_servers.empty()
    return running_servers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=1, help="what the fault bench draws its chances from")
