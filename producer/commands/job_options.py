"""The options that choose jobs, declared once for every command that takes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from producer.commands.option_group import with_options
from producer.commands.session import parse_id, parse_ids
from producer.selection import Selection
from producer.times import parse_duration
from staffel.contracts.states import JobState
from staffel.contracts.tiers import Tier

PANEL = "Which jobs"

JobIds = Annotated[list[str] | None, typer.Argument(metavar="[ID...]", show_default=False)]


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **settings)


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What the command line says of the jobs that are meant; what is None was not given."""

    tier: Annotated[Tier | None, _option(help="Where they stand, or ended.")] = None
    task: Annotated[str | None, _option(help="What they ask for.")] = None
    error_code: Annotated[
        str | None, _option(metavar="CODE", help="Why they failed or died, like crashed.")
    ] = None
    batch: Annotated[str | None, _option(metavar="ID", help="Those of one batch.")] = None
    older_than: Annotated[
        str | None, _option(metavar="DURATION", help="Those that ended longer ago than, like 2d.")
    ] = None

    def selection(self, states: tuple[JobState, ...], job_ids: list[str] | None = None) -> Selection:
        """Raises InvalidRequestError naming the option."""
        return Selection(
            states=states,
            job_ids=parse_ids(job_ids),
            tier=self.tier,
            task=self.task,
            error_code=self.error_code,
            batch_id=parse_id(self.batch, "batch") if self.batch else None,
            older_than=parse_duration(self.older_than, field="older_than") if self.older_than else None,
        )


def with_job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Replaces the parameter `chosen: JobOptions` of a command by one option a field."""
    return with_options(command, JobOptions, "chosen")
