"""The commands of the machine room: what runs the fleet."""

import typer

from workers.commands import database, demo, fleet, health, programs, retention


def register(app: typer.Typer) -> None:
    """Adds the commands to the root command."""
    fleet.register(app)
    health.register(app)
    database.register(app)
    retention.register(app)
    demo.register(app)
    programs.register(app)
