"""The commands of the doors: what submits jobs and what asks after them."""

import typer

from producer.commands import batch, costs, dead, fleet, jobs, results, route, submit


def register(app: typer.Typer) -> None:
    """Adds the commands to the root command."""
    for module in (submit, batch, jobs, results, costs, dead, route, fleet):
        module.register(app)
