"""`staffel submit`: one job."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from producer.commands.request_options import RequestOptions, with_request_options
from producer.commands.session import going_on, read_text, run, settings, warn_of_broker
from producer.times import parse_duration
from staffel.cli.failures import FAILED
from staffel.cli.printing import note, print_json
from staffel.contracts.states import JobState

if TYPE_CHECKING:
    from producer.bootstrap import Doors
    from producer.submission import Accepted
    from staffel.contracts.requests import JobRequest
    from staffel.contracts.results import JobResult

#: A job is looked at this often even when nobody says that it ended.
LOOK_EVERY_S = 5.0


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Jobs")(with_request_options(submit))


@dataclass(slots=True)
class Waited:
    """How far a submission came, kept for the case that somebody interrupts it."""

    accepted: "Accepted | None" = None
    result: "JobResult | None" = None


def submit(
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT|-", help="The prompt; - reads standard input.")],
    request: RequestOptions,
    callback_url: Annotated[
        str | None, typer.Option(help="Kept for when the job ends; not delivered yet.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key and request give the same job.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end and print the answer.")] = False,
    timeout: Annotated[str | None, typer.Option(help="Wait no longer than this, like 90s or 10m.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Submit one job.

    Prints the job's id, or with --wait the answer. Exit code 1 when the job waited for did not succeed.
    """
    from producer.fields import build_request

    own = {"prompt": read_text(text), "callback_url": callback_url, "idempotency_key": idempotency_key}
    asked = build_request(request.as_fields(datetime.now(UTC)), own)
    limit = parse_duration(timeout, field="timeout") if timeout else None
    waited = Waited()
    with going_on("job", "jobs show", lambda: waited.accepted.job_id if waited.accepted else None):
        run(_submit(asked, waited, wait=wait, limit=limit))
    _show(waited, as_json=as_json)


async def _submit(request: "JobRequest", waited: Waited, *, wait: bool, limit: timedelta | None) -> None:
    from producer.bootstrap import open_doors

    async with open_doors(settings()) as doors:
        waited.accepted = await doors.submission.submit(doors.tenant_id, request, waiting=wait)
        if not waited.accepted.hinted:
            warn_of_broker(doors.redis_place, "the job is stored and runs when Redis is back")
        if waited.accepted.replayed:
            note("the idempotency key is known: this is the job of then")
        if wait:
            note(f"job {waited.accepted.job_id}")
            async with asyncio.timeout(limit.total_seconds() if limit else None):
                waited.result = await wait_for_job(doors, waited.accepted.job_id)


async def wait_for_job(doors: "Doors", job_id: UUID) -> "JobResult":
    """The result of a job, once it has one."""
    async for _ in doors.waiter.moments(job_id, every_s=LOOK_EVERY_S):
        if (await doors.queries.state(job_id)).terminal:
            break
    return await doors.queries.result(job_id)


def _show(waited: Waited, *, as_json: bool) -> None:
    assert waited.accepted is not None  # noqa: S101 - submission returned
    if as_json:
        result = waited.result.model_dump() if waited.result else None
        print_json(asdict(waited.accepted) | ({"result": result} if result else {}))
    elif waited.result is None:
        typer.echo(str(waited.accepted.job_id))
    else:
        _show_result(waited.result)
    if waited.result and waited.result.state is not JobState.SUCCEEDED:
        raise typer.Exit(FAILED)


def _show_result(result: "JobResult") -> None:
    if result.state is not JobState.SUCCEEDED:
        note(f"{result.state}: {result.error_message or result.error_code or 'no answer'}")
        return
    typer.echo(result.text)
    if result.unverified:
        note("unverified: no permitted tier passed its checks")
    if result.degraded_reason:
        note(f"degraded: {result.degraded_reason}")
