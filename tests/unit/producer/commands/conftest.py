"""The command line without any server."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine


@pytest.fixture
def staffel(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)
