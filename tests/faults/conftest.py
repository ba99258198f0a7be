"""One bench a shape and run, judged by the oracle after each scenario; a table at the end."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.fleet import Shape
from tests.faults.bench.oracle import Findings, judge
from tests.faults.bench.table import Line, table

SETTLE_S = 15
KEEP = bool(os.environ.get("STAFFEL_FAULTS_KEEP"))

LINES = pytest.StashKey[list[Line]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LINES] = []


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed"))


@pytest.fixture(scope="session")
def bench_of() -> Iterator[Callable[[Shape, int], Bench]]:
    """Starts a bench of a shape the first time it is asked for, and one at a time."""
    current: list[tuple[Shape, Bench, ExitStack]] = []

    def of(shape: Shape, seed: int) -> Bench:
        if current and current[0][0] == shape:
            return current[0][1]
        while current:
            current.pop()[2].close()
        stack = ExitStack()
        folder = Path(tempfile.mkdtemp(prefix="staffel-faults-"))
        folder.chmod(0o755)
        stack.callback(shutil.rmtree, folder) if not KEEP else None
        bench = Bench(folder, shape, seed)
        stack.callback(bench.stop)
        bench.start()
        current.append((shape, bench, stack))
        return bench

    yield of
    while current:
        current.pop()[2].close()


@pytest.fixture
def shape() -> Shape:
    """A module may ask for another."""
    return Shape()


@pytest.fixture
def bench(
    request: pytest.FixtureRequest, bench_of: Callable[[Shape, int], Bench], shape: Shape, seed: int
) -> Iterator[Bench]:
    """A fleet at rest; afterwards it must come to rest again and every promise must have been kept."""
    bench = bench_of(shape, seed)
    bench.reset(seed)
    yield bench
    bench.play()
    bench.rest(90)
    findings = judge_settled(bench)
    note(request, bench, findings)
    assert findings.broken == []


def judge_settled(bench: Bench) -> Findings:
    """Judges until all is well, or the time is over: a frozen worker may still have to write."""
    until = time.monotonic() + SETTLE_S
    findings = judge(bench)
    while findings.broken and time.monotonic() < until:
        bench.turn()
        findings = judge(bench)
    return findings


def note(request: pytest.FixtureRequest, bench: Bench, findings: Findings) -> None:
    name = request.node.name.removeprefix("test_").replace("_", " ")
    line = Line(name, findings, bench.faults, bench.recovery_s)
    request.config.stash[LINES].append(line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[LINES]:
        terminalreporter.write_sep("=", "faults")
        terminalreporter.write_line(table(config.stash[LINES], config.getoption("--seed")))
