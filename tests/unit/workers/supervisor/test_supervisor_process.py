"""A child process: its log, its environment, and that nothing of it is left behind."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from workers.supervisor.process import ChildProcess, Launch, ProcessStartError

GRACE = timedelta(seconds=5)


def python_launch(code: str, log_path: Path, **more: object) -> Launch:
    return Launch(name="sample", command=(sys.executable, "-c", code), log_path=log_path, **more)  # type: ignore[arg-type]


@contextmanager
def fifo_reader(path: Path) -> Iterator[int]:
    """A pipe with a name: reading from it waits for the child without a clock."""
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_line(descriptor: int) -> str:
    assert select.select([descriptor], [], [], 5)[0], "the child said nothing"
    return os.read(descriptor, 100).decode().strip()


def ends(pid_descriptor: int) -> bool:
    return bool(select.select([pid_descriptor], [], [], 5)[0])


def test_a_child_writes_both_its_outputs_to_the_end_of_the_log(tmp_path: Path) -> None:
    log_path = tmp_path / "logs" / "sample.log"
    log_path.parent.mkdir()
    log_path.write_text("of an earlier start\n")
    child = ChildProcess(python_launch("import sys; print('out'); sys.stderr.write('err\\n')", log_path))
    child.start()
    assert child.wait(GRACE) == 0
    assert log_path.read_text().startswith("of an earlier start\n")
    assert sorted(child.log_tail().splitlines()) == ["err", "out"]


def test_a_child_that_ends_by_itself_reports_its_code(tmp_path: Path) -> None:
    child = ChildProcess(python_launch("raise SystemExit(3)", tmp_path / "log"))
    assert child.poll() is None
    child.start()
    assert child.wait(GRACE) == 3
    assert child.poll() == 3
    assert child.stop(GRACE) == 3


def test_a_child_may_start_again_after_its_end_and_not_before(tmp_path: Path) -> None:
    child = ChildProcess(Launch("sample", ("sleep", "60"), tmp_path / "log"))
    child.start()
    with pytest.raises(RuntimeError, match="running already"):
        child.start()
    assert child.stop(GRACE) == -signal.SIGTERM
    child.start()
    assert child.poll() is None
    child.stop(GRACE)


def test_a_missing_program_becomes_a_clear_error(tmp_path: Path) -> None:
    child = ChildProcess(Launch("sample", ("/nowhere/program",), tmp_path / "log"))
    with pytest.raises(ProcessStartError, match=r"sample could not be started: .*/nowhere/program"):
        child.start()


def test_the_environment_is_merged_or_only_neutral(tmp_path: Path) -> None:
    merged = python_launch("", tmp_path / "log", environment={"STAFFEL_TEST": "yes"})
    assert merged.merged_environment() == {**os.environ, "STAFFEL_TEST": "yes"}
    neutral = python_launch(
        "", tmp_path / "log", environment={"STAFFEL_TEST": "yes"}, inherits_environment=False
    )
    assert "HOME" not in neutral.merged_environment()
    assert neutral.merged_environment()["PATH"] == os.environ["PATH"]
    assert neutral.merged_environment()["STAFFEL_TEST"] == "yes"


def test_a_child_that_ignores_its_stop_signal_is_killed_after_the_grace(tmp_path: Path) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(sys.argv[1], 'w').write('up\\n'); signal.pause()"
    )
    with fifo_reader(tmp_path / "said") as said:
        command = (sys.executable, "-c", code, str(tmp_path / "said"))
        child = ChildProcess(Launch("stubborn", command, tmp_path / "log"))
        child.start()
        assert read_line(said) == "up"
        assert child.stop(timedelta(milliseconds=50)) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="pidfd is Linux's")
def test_processes_that_the_child_started_are_killed_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; p = subprocess.Popen(['sleep', '60'])\n"
        "open(sys.argv[1], 'w').write(f'{p.pid}\\n'); p.wait()"
    )
    with fifo_reader(tmp_path / "said") as said:
        command = (sys.executable, "-c", code, str(tmp_path / "said"))
        child = ChildProcess(Launch("parent", command, tmp_path / "log"))
        child.start()
        with open_pid(int(read_line(said))) as grandchild:
            assert child.stop(GRACE) == -signal.SIGTERM
            assert ends(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the death of a parent")
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path\n"
        "from workers.supervisor.process import ChildProcess, Launch\n"
        "child = ChildProcess(Launch('orphan', ('sleep', '60'), Path(sys.argv[1])))\n"
        "child.start(); print(child.pid, flush=True); signal.pause()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=checkout_environment()) as parent:
        assert parent.stdout is not None
        with open_pid(int(parent.stdout.readline())) as orphan:
            parent.kill()
            assert ends(orphan)


@contextmanager
def open_pid(pid: int) -> Iterator[int]:
    descriptor = os.pidfd_open(pid)
    with closing(os.fdopen(descriptor)):
        yield descriptor


def checkout_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[4])}
