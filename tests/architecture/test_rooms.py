"""Rules about the tree that import-linter cannot see."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("staffel", "producer", "workers") for path in (ROOT / room).rglob("*.py"))


def test_the_import_rules_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_migrations_folder_does_not_shadow_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_queries_stand_in_repositories_only(path: Path) -> None:
    room = path.relative_to(ROOT).as_posix()
    if room.startswith(("staffel/storage/", "workers/supervisor/embedded/")):
        return
    assert not re.search(r"\bfrom sqlalchemy import .*\b(select|insert|update|delete)\b", path.read_text())


def test_importing_the_programs_connects_to_nothing_and_reads_no_settings() -> None:
    """Neither an address nor a fleet file is needed to import everything."""
    modules = [
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for path in SOURCES
        if path.name not in {"__main__.py"}
    ]
    program = "; ".join(f"import {module.removesuffix('.__init__')}" for module in modules)
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", program],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "STAFFEL_FLEET_FILE": "/nonexistent/fleet.toml"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
