"""The table of a run: a line a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.bench.oracle import Findings

HEAD = f"{'jobs':>7} {'faults':>6} {'lost':>5} {'doubled':>7} {'unexplained':>11} {'recovery':>9}  scenario"


@dataclass(frozen=True)
class Line:
    """What one scenario came to."""

    scenario: str
    findings: Findings
    faults: int
    recovery_s: float

    def __str__(self) -> str:
        found = self.findings
        recovery = f"{self.recovery_s:7.1f} s" if self.recovery_s else f"{'-':>9}"
        counts = f"{found.jobs:7} {self.faults:6} {found.lost:5} {found.doubled:7} {found.unexplained:11}"
        return f"{counts} {recovery}  {self.scenario}"


def table(lines: Sequence[Line], seed: int) -> str:
    broken = sum(bool(line.findings.broken) for line in lines)
    return "\n".join(
        [HEAD, *map(str, lines), f"seed {seed}: {len(lines)} scenarios, {broken} with a broken promise"]
    )
