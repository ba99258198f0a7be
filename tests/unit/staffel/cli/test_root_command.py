"""The root command and its start."""

import subprocess
import sys
from pathlib import Path

from tests.support.command_line import CommandLine


def test_the_root_command_lists_what_both_programs_bring(tmp_path: Path) -> None:
    done = CommandLine(tmp_path)("--help")
    assert done.exit_code == 0
    for command in ("submit", "batch", "jobs", "results", "costs", "route", "fleet", "dead", "up", "worker"):
        assert f" {command} " in done.stdout


def test_the_version_is_told(tmp_path: Path) -> None:
    assert CommandLine(tmp_path)("--version").stdout.startswith("staffel ")


def test_an_unknown_command_is_named(tmp_path: Path) -> None:
    done = CommandLine(tmp_path)("fly")
    assert done.exit_code == 2
    assert "fly" in done.stderr


def test_the_start_loads_nothing_heavy() -> None:
    """What takes long to import is imported by the command that needs it."""
    heavy = (
        "sqlalchemy",
        "redis",
        "celery",
        "pydantic_ai",
        "openai",
        "anthropic",
        "genai_prices",
        "jsonschema",
    )
    program = (
        "import sys; from staffel.cli.main import build_app; build_app(); "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
