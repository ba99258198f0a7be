"""The root command: finds each program's sub-commands, and turns errors into one line and an exit code."""

from importlib.metadata import entry_points, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from staffel.cli.failures import plain_failures

COMMANDS = "staffel.commands"


class RootGroup(TyperGroup):
    """A group whose commands end with one line instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        with plain_failures():
            return super().invoke(ctx)


def build_app() -> typer.Typer:
    """The root command with every program's sub-commands."""
    app = typer.Typer(
        name="staffel",
        cls=RootGroup,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Runs language-model jobs on the cheapest tier that is good enough.",
    )
    app.callback()(_root)
    for entry in sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name):
        entry.load()(app)
    return app


def main() -> None:
    build_app()()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"staffel {version('staffel')}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Holds the options of the root command."""
