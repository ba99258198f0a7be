"""The commands of the machine room: what runs the fleet."""

import typer

from workers.commands import programs


def register(app: typer.Typer) -> None:
    """Adds the commands to the root command."""
    programs.register(app)
