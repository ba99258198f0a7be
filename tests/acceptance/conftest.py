"""A whole fleet for the tests of this folder, in a folder of its own: embedded servers, the real model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.staffel_program import StaffelProgram


@pytest.fixture(scope="session")
def user(server_folder: Path) -> Iterator[StaffelProgram]:
    """A user in an empty folder, with a fleet that runs."""
    folder = server_folder / "user"
    folder.mkdir(mode=0o755)
    program = StaffelProgram(folder, STAFFEL_LEASE_S="6", STAFFEL_HEARTBEAT_S="2", STAFFEL_GRACE_S="5")
    program.up()
    yield program
    program.interrupt()


@pytest.fixture
def documents(user: StaffelProgram, request: pytest.FixtureRequest) -> Path:
    """A folder of a user's own, without a manifest."""
    folder = user.folder / request.node.name
    folder.mkdir()
    for number in range(12):
        (folder / f"review-{number:02}.txt").write_text(f"Der Koffer Nr. {number} ist leicht und rollt gut.")
    (folder / "more.jsonl").write_text(
        '{"text": "The zip broke on day two."}\n{"text": "Arrived on time."}\n'
    )
    return folder
