"""The commands of the machine room: what runs the fleet."""

import typer

from workers.commands import database, demo, fleet, programs


def register(app: typer.Typer) -> None:
    """Adds the commands to the root command."""
    fleet.register(app)
    database.register(app)
    demo.register(app)
    programs.register(app)
