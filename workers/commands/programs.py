"""One command a program, for the supervisor, compose and Kubernetes: each runs until it is told to stop."""

from typing import Annotated

import typer

from staffel.observability.logs import configure_logging
from workers.settings import WorkerSettings


def register(app: typer.Typer) -> None:
    for command in (worker, classifier, control):
        app.command(rich_help_panel="Programs (started by `staffel up`)")(command)
    app.command(
        rich_help_panel="Programs (started by `staffel up`)",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(flower)


def worker(
    pool: Annotated[str, typer.Argument(help="A pool of fleet.toml.")],
    replica: Annotated[int, typer.Option(min=1, help="Tells workers of one pool on one machine apart.")] = 1,
) -> None:
    """Serve one pool: claim its tier's jobs and run them."""
    from workers.programs import run_worker

    run_worker(_settings(pool=pool), replica)


def classifier(
    processes: Annotated[int, typer.Option(min=1, help="Child processes; one a core is plenty.")] = 1,
) -> None:
    """Decide the tier of what was submitted."""
    from workers.programs import run_classifier

    run_classifier(_settings(), processes)


def control() -> None:
    """Dispatch what is due and find what got stuck."""
    from workers.programs import run_control

    run_control(_settings())


def flower(context: typer.Context) -> None:
    """Show queues and workers in a browser; options go to Flower itself."""
    from workers.programs import run_flower

    run_flower(_settings(), context.args)


def _settings(pool: str | None = None) -> WorkerSettings:
    settings = WorkerSettings() if pool is None else WorkerSettings(pool=pool)
    configure_logging(level=settings.log_level, form=settings.log_format)
    return settings
