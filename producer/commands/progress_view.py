"""The live view of a batch: a bar over all, a line a tier; plain lines where there is no terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from producer.commands.wording import seconds
from producer.progress import BatchProgress, Pace, TierProgress
from staffel.cli.printing import console, note

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

PLAIN_EVERY_S = 5.0


class View(Protocol):
    """Shows one moment after the other."""

    def show(self, progress: BatchProgress) -> None: ...


@contextmanager
def progress_view() -> Iterator[View]:
    """On standard error: a live view on a terminal, else a line every few seconds."""
    if not sys.stderr.isatty():
        yield PlainView()
        return
    from rich.live import Live

    with Live(console=console(sys.stderr), auto_refresh=False, transient=False) as live:
        yield LiveView(live)


class LiveView:
    """Draws every moment anew in the same place."""

    def __init__(self, live: "Live") -> None:
        self._live = live
        self._pace = Pace()

    def show(self, progress: BatchProgress) -> None:
        self._pace.see(time.monotonic(), progress)
        self._live.update(render(progress, self._pace), refresh=True)


class PlainView:
    """Writes a line now and then, and one at the end."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._next_at_s = 0.0

    def show(self, progress: BatchProgress) -> None:
        now_s = time.monotonic()
        self._pace.see(now_s, progress)
        if now_s >= self._next_at_s or progress.finished:
            self._next_at_s = now_s + PLAIN_EVERY_S
            note(plain_line(progress, self._pace))


def plain_line(progress: BatchProgress, pace: Pace) -> str:
    """All of it in one line."""
    total = progress.total
    counted = f"{total.ended}/{total.jobs} ended: {total.done} done, {total.failed} failed"
    return f"{counted}; {total.queued} queued, {total.running} running; {speed(progress, pace)}"


def speed(progress: BatchProgress, pace: Pace) -> str:
    """Tokens a second and the time to go, as far as they are known."""
    rate = pace.tokens_per_s
    tokens = f"{rate:,.1f} output tokens/s" if rate is not None else "- output tokens/s"
    left = 0.0 if progress.finished else pace.remaining_s
    return f"{tokens}, ETA {seconds(left)}"


def render(progress: BatchProgress, pace: Pace) -> "RenderableType":
    """The bar, a line a tier, and the speed."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    total = progress.total
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        "batch", ProgressBar(total=max(total.jobs, 1), completed=total.ended, width=40), _share(total)
    )
    tiers = Table.grid(padding=(0, 2))
    for tier in progress.tiers:
        tiers.add_row(
            tier.tier,
            ProgressBar(total=max(tier.jobs, 1), completed=tier.ended, width=20),
            f"{tier.queued} queued",
            f"{tier.running} running",
            f"{tier.done} done",
            f"[red]{tier.failed} failed[/red]" if tier.failed else "",
        )
    return Group(bar, tiers, speed(progress, pace))


def _share(total: TierProgress) -> str:
    return f"{total.ended}/{total.jobs}"
