"""The classify use case: loads a batch of jobs, routes them in one pass, writes where they go, tops up."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError

from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.privacy import DataClass
from staffel.contracts.requests import JobRequest, Strategy
from staffel.contracts.telemetry import LogField
from staffel.contracts.tiers import Tier
from staffel.routing import Decision, Refusal, RoutingJob, RoutingState, route
from staffel.routing.router import ROUTER_VERSION
from staffel.routing.schedule import rank_at
from staffel.storage.database import Database
from staffel.storage.ids import new_id
from staffel.storage.wakes import Wakes
from workers.dispatch.batches import BatchCloser
from workers.dispatch.window import Dispatcher

Row = Mapping[str, Any]

log = structlog.get_logger(__name__)

#: For a request that an earlier release took and this one cannot read.
UNREADABLE = Decision(
    tier=None,
    task_type="unknown",
    language="other",
    confidence=0.0,
    reasons=("the stored request cannot be read",),
    permitted=(),
    excluded={},
    features={},
    router_version=ROUTER_VERSION,
    microseconds=0,
    input_tokens=0,
    refusal=Refusal(InvalidRequestError.code, "the stored request cannot be read by this release"),
)


class Classification:
    """Ids in, tiers in the database out; running it twice changes nothing."""

    def __init__(
        self,
        database: Database,
        state: RoutingState,
        dispatcher: Dispatcher,
        batches: BatchCloser,
        wakes: Wakes,
    ) -> None:
        self._database = database
        self._state = state
        self._dispatcher = dispatcher
        self._batches = batches
        self._wakes = wakes

    async def classify(self, job_ids: Sequence[UUID]) -> None:
        async with self._database.transaction() as tx:
            rows = [dict(row) for row in await tx.classification.lock_submitted(job_ids)]
            decided = decide(rows, self._state)
            await tx.classification.enqueue([_queued(row, d) for row, d in decided if d.tier])
            await tx.classification.refuse([_refused(row, d) for row, d in decided if d.refusal])
            await tx.callbacks.tell_ended([row["id"] for row, d in decided if d.refusal])
            await tx.classification.add_decisions([_decision_row(row, d) for row, d in decided])
        await self._tell(row for row, decision in decided if decision.refusal)
        for tier in {decision.tier for _, decision in decided if decision.tier}:
            await self._dispatcher.top_up(tier)

    async def _tell(self, refused: Any) -> None:
        """Those who wait for a refused job, and its batch."""
        rows = list(refused)
        await self._wakes.ended(row["id"] for row in rows)
        await self._batches.close(row["batch_id"] for row in rows)


def decide(rows: Sequence[Row], state: RoutingState) -> list[tuple[Row, Decision]]:
    """A decision a row, in one pass; a row whose stored request cannot be read any more is refused alone."""
    readable, unreadable = [], []
    for row in rows:
        try:
            readable.append((row, routing_job(row)))
        except ValidationError:
            log.warning("unreadable_request", **{LogField.JOB: str(row["id"])})
            unreadable.append((row, UNREADABLE))
    decisions = route([job for _, job in readable], state)
    return [*zip((row for row, _ in readable), decisions, strict=True), *unreadable]


def routing_job(row: Row) -> RoutingJob:
    """A row of `jobs` with its payload, as the router sees it."""
    content = JobRequest.model_validate(dict(row["content"]))
    return RoutingJob(
        task=row["task"],
        text=content.text,
        max_output_tokens=row["max_output_tokens"],
        has_schema=row["options"].get("json_schema") is not None,
        tier=Tier(row["forced_tier"]) if row["forced_tier"] else None,
        model=row["forced_model"],
        strategy=Strategy(row["strategy"]),
        data_class=DataClass(row["data_class"]),
        deadline=row["deadline"],
        max_cost_usd=row["max_cost_usd"],
        turns=len(content.messages or ()) or 1,
    )


def _queued(row: Row, decision: Decision) -> dict[str, Any]:
    assert decision.tier is not None  # noqa: S101 - the caller filtered
    return {
        "id_": row["id"],
        "tier": decision.tier.value,
        "permitted_tiers": [tier.value for tier in decision.permitted],
        "input_tokens": decision.input_tokens,
        "rank_at": rank_at(row["submitted_at"], row["priority"]),
    }


def _refused(row: Row, decision: Decision) -> dict[str, Any]:
    assert decision.refusal is not None  # noqa: S101 - the caller filtered
    return {
        "id_": row["id"],
        "input_tokens": decision.input_tokens,
        "error_code": decision.refusal.code,
        "error_message": decision.refusal.message,
    }


def _decision_row(row: Row, decision: Decision) -> dict[str, Any]:
    return {
        "id": new_id(),
        "job_id": row["id"],
        "tier": decision.tier.value if decision.tier else None,
        "task_type": decision.task_type,
        "language": decision.language,
        "confidence": decision.confidence,
        "reasons": list(decision.reasons),
        "excluded": {tier.value: reason for tier, reason in decision.excluded.items()},
        "features": dict(decision.features),
        "router_version": decision.router_version,
        "microseconds": decision.microseconds,
    }
