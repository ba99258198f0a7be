"""The root command."""

from importlib.metadata import entry_points

import typer

app = typer.Typer(no_args_is_help=True)


def main() -> None:
    for entry in entry_points(group="staffel.commands"):
        if entry.name == "workers":
            entry.load()(app)
    app()
