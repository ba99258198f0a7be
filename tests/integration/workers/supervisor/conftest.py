"""A home within reach of an account without rights, and folders that do not touch the machine's own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.supervisor.embedded.paths import EmbeddedPaths


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Short, and passable for everybody: pytest's own folders are private."""
    folder = Path(tempfile.mkdtemp(prefix="staffel-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def paths(open_folder: Path) -> EmbeddedPaths:
    return EmbeddedPaths.of(
        open_folder / "home", runtime_root=open_folder, system_folder=open_folder / "system"
    )
