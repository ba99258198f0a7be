"""`staffel route`: explains where a job would go."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from producer.commands.request_options import RequestOptions, with_request_options
from producer.commands.session import read_text, settings
from producer.commands.wording import decision_lines
from staffel.cli.failures import FAILED
from staffel.cli.printing import print_json

if TYPE_CHECKING:
    from staffel.routing import Decision


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Fleet")(with_request_options(route))


def route(
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT|-", help="The prompt; - reads standard input.")],
    request: RequestOptions,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Explain where a job would go and why; runs nothing and needs no server."""
    from producer.fields import build_request
    from producer.submission.checks import check_fields
    from staffel.fleet import load_fleet
    from staffel.routing import RoutingJob
    from staffel.routing import route as decide
    from staffel.routing_state import routing_state

    now = datetime.now(UTC)
    asked = build_request(request.as_fields(now), {"prompt": read_text(text)})
    state = routing_state(load_fleet(settings().fleet_path()))
    check_fields(asked, state, now)
    [decision] = decide([RoutingJob.of(asked)], state)
    if as_json:
        print_json(asdict(decision))
    else:
        _print(decision)
    if decision.refusal:
        raise typer.Exit(FAILED)


def _print(decision: "Decision") -> None:
    for line in decision_lines(asdict(decision)):
        typer.echo(line)
    typer.echo(f"permitted: {', '.join(decision.permitted) or 'none'}")
    typer.echo(f"about {decision.input_tokens} input tokens")
