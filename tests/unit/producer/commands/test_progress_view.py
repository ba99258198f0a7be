"""The progress of a batch in a line and as a live picture."""

import io

from rich.console import Console

from producer.commands.progress_view import plain_line, render
from producer.progress import BatchProgress, Pace, TierProgress

HALFWAY = BatchProgress(
    (TierProgress("fast-1.5b", queued=2, running=1, done=4), TierProgress("adv-7b", done=1, failed=2)),
    output_tokens=120,
    finished=False,
)
START = BatchProgress(
    (TierProgress("fast-1.5b", queued=7), TierProgress("adv-7b", queued=3)), 0, finished=False
)


def paced() -> Pace:
    pace = Pace()
    pace.see(0.0, START)
    pace.see(4.0, HALFWAY)
    return pace


def test_a_line_tells_all_there_is() -> None:
    assert plain_line(HALFWAY, paced()) == (
        "7/10 ended: 5 done, 2 failed; 2 queued, 1 running; 30.0 output tokens/s, ETA 3.0 s"
    )


def test_the_live_picture_has_a_line_a_tier() -> None:
    console = Console(file=io.StringIO(), width=120)
    with console.capture() as captured:
        console.print(render(HALFWAY, paced()))
    lines = captured.get().splitlines()
    assert lines[0].startswith("batch")
    assert "7/10" in lines[0]
    assert [line.split()[0] for line in lines[1:3]] == ["fast-1.5b", "adv-7b"]
    assert "2 failed" in lines[2]
    assert lines[3].startswith("30.0 output tokens/s")
