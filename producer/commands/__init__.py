"""The commands of the doors: what submits jobs and what asks after them."""

import typer

from producer.commands import submit


def register(app: typer.Typer) -> None:
    """Adds the commands to the root command."""
    submit.register(app)
