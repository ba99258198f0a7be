"""`staffel batch submit`: reads documents, submits them as one batch, and waits if asked to."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from producer.commands.request_options import RequestOptions
from producer.commands.session import going_on, run, settings, warn_of_broker
from producer.times import parse_duration
from staffel.cli.failures import FAILED, WRONG_INPUT
from staffel.cli.printing import note, print_json, warn
from staffel.contracts.errors import InvalidRequestError
from staffel.settings import provider_keys

if TYPE_CHECKING:
    from producer.bootstrap import Doors
    from producer.queries import BatchReport
    from producer.submission import AcceptedBatch, Rejected, Submitted
    from staffel.contracts.requests import BatchRequest
    from staffel.fleet import Fleet

LOOK_EVERY_S = 1.0


@dataclass(slots=True)
class Waited:
    """How far a submission came, kept for the case that somebody interrupts it."""

    accepted: "AcceptedBatch | None" = None
    report: "BatchReport | None" = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether to wait, how long, and where the results go."""

    wanted: bool
    limit: timedelta | None
    output: Path | None

    @classmethod
    def of(cls, *, wait: bool, timeout: str | None, output: Path | None) -> "Waiting":
        """Raises InvalidRequestError, so that nothing is submitted whose results cannot be written."""
        if output is not None and not wait:
            raise InvalidRequestError(
                "needs --wait; later, use `staffel results ID --output FILE`", field="output"
            )
        if output is not None and not _writable(output):
            raise InvalidRequestError(f"{output} cannot be written", field="output")
        return cls(wait, parse_duration(timeout, field="timeout") if timeout else None, output)


def _writable(path: Path) -> bool:
    return not path.is_dir() and os.access(path if path.exists() else path.parent, os.W_OK)


def submit(
    *,
    paths: Annotated[list[Path], typer.Argument(help="Files, folders or globs.", show_default=False)],
    request: RequestOptions,
    name: Annotated[str | None, typer.Option(help="For people to find the batch again.")] = None,
    callback_url: Annotated[
        str | None, typer.Option(help="Kept for when the batch ends; not delivered yet.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key and items give the same batch.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show the progress, then a table a tier.")] = False,
    timeout: Annotated[str | None, typer.Option(help="Wait no longer than this, like 90s or 10m.")] = None,
    output: Annotated[Path | None, typer.Option(help="With --wait: results, as JSONL.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show tiers and estimated cost, submit nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Submit documents as one batch: a job a file, a row of .csv, a line of .jsonl.

    The request options hold for all items; a manifest.toml in a folder and the fields of a JSONL line go
    first. Invalid items are listed and the others go through; then the exit code is 2. With --wait it is 1
    when a job did not succeed.
    """
    waiting = Waiting.of(wait=wait, timeout=timeout, output=output)
    whole = _batch_request(name=name, callback_url=callback_url, idempotency_key=idempotency_key)
    items = _read(paths, request)
    if dry_run:
        _dry_run(items, as_json=as_json)
        return
    waited = Waited()
    with going_on("batch", "batch show", lambda: waited.accepted.batch_id if waited.accepted else None):
        run(_submit(whole, items, waited, waiting, as_json=as_json))


def _batch_request(**fields: str | None) -> "BatchRequest":
    from pydantic import ValidationError

    from staffel.contracts.requests import BatchRequest
    from staffel.contracts.validation import invalid_request

    try:
        return BatchRequest.model_validate(fields)
    except ValidationError as error:
        raise invalid_request(error) from error


def _read(paths: Sequence[Path], request: RequestOptions) -> "list[Submitted | Rejected]":
    from producer.reading import read_items

    items = list(read_items(paths, request.as_fields(datetime.now(UTC))))
    if not items:
        raise InvalidRequestError(f"nothing to submit in {', '.join(map(str, paths))}", field="PATH")
    return items


def _dry_run(items: "Sequence[Submitted | Rejected]", *, as_json: bool) -> None:
    from producer.commands.batch_tables import plan_document, print_plan
    from producer.fleet_description import keyless
    from producer.planning import Planner
    from staffel.fleet import load_fleet

    fleet = load_fleet(settings().fleet_path())
    plan = Planner(fleet).plan(items, datetime.now(UTC))
    if as_json:
        print_json(plan_document(plan, fleet))
    else:
        print_plan(plan, fleet)
    _list_rejected(plan.rejected)
    for tier in plan.tiers:
        if variables := keyless(fleet, tier, provider_keys()):
            warn(f"{tier}: its jobs degrade unless the workers have {' or '.join(variables)} (not set here)")
    if plan.rejected or plan.refused:
        raise typer.Exit(WRONG_INPUT)


async def _submit(
    whole: "BatchRequest",
    items: "Sequence[Submitted | Rejected]",
    waited: Waited,
    waiting: Waiting,
    *,
    as_json: bool,
) -> None:
    from producer.bootstrap import open_doors

    async with open_doors(settings()) as doors:
        accepted = await doors.submission.submit_batch(doors.tenant_id, whole, items)
        waited.accepted = accepted
        _list_rejected(accepted.rejected)
        if not accepted.hinted:
            warn_of_broker(doors.redis_place, "the batch is stored and runs when Redis is back")
        if accepted.replayed:
            note("the idempotency key is known: this is the batch of then")
        if waiting.wanted:
            note(f"batch {accepted.batch_id}: {len(items)} jobs")
            async with asyncio.timeout(waiting.limit.total_seconds() if waiting.limit else None):
                await _watch(doors, accepted)
            waited.report = await doors.queries.batch_report(accepted.batch_id)
            await _write_results(doors, accepted, waiting.output)
        _show(waited, doors.fleet, waiting, len(items), as_json=as_json)
    _exit(waited)


async def _watch(doors: "Doors", accepted: "AcceptedBatch") -> None:
    from producer.commands.progress_view import progress_view

    with progress_view() as view:
        async for _ in doors.waiter.moments(accepted.batch_id, every_s=LOOK_EVERY_S):
            progress = await doors.queries.progress(accepted.batch_id)
            view.show(progress)
            if progress.finished:
                return


async def _write_results(doors: "Doors", accepted: "AcceptedBatch", output: Path | None) -> None:
    if output is None:
        return
    from producer.commands.result_files import Format, write_results
    from staffel.storage.repositories.reports import OwnerKind

    with output.open("w", encoding="utf-8") as file:
        await write_results(doors.queries.results(OwnerKind.BATCH, accepted.batch_id), file, Format.JSONL)


def _show(waited: Waited, fleet: "Fleet", waiting: Waiting, items: int, *, as_json: bool) -> None:
    from producer.commands.batch_tables import print_report, report_document

    accepted = waited.accepted
    assert accepted is not None  # noqa: S101 - submission returned
    if as_json:
        document: dict[str, Any] = report_document(waited.report, fleet) if waited.report else {}
        print_json(document | _accepted_document(accepted, items) | {"output": waiting.output})
    elif waited.report is None:
        typer.echo(str(accepted.batch_id))
    else:
        print_report(waited.report, fleet)
        if waiting.output:
            note(f"results: {waiting.output}")


def _accepted_document(accepted: "AcceptedBatch", items: int) -> dict[str, Any]:
    return {
        "batch_id": accepted.batch_id,
        "jobs": items,
        "replayed": accepted.replayed,
        "hinted": accepted.hinted,
        "rejected": [{"source": one.source, "reason": one.error.message} for one in accepted.rejected],
    }


def _list_rejected(rejected: "Sequence[Rejected]") -> None:
    for one in rejected:
        note(f"invalid: {one.source}: {one.error.message}")


def _exit(waited: Waited) -> None:
    if waited.accepted and waited.accepted.rejected:
        raise typer.Exit(WRONG_INPUT)
    if waited.report and waited.report.totals["succeeded"] < waited.report.totals["jobs"]:
        raise typer.Exit(FAILED)
