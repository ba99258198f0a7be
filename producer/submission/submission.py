"""Validate, one transaction, hint after the commit: for one job or for thousands."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from producer.submission.checks import check_request
from producer.submission.hinting import ClassifyHints
from producer.submission.items import Accepted, AcceptedBatch, Rejected, Submitted
from producer.submission.rows import (
    BatchSlot,
    batch_hash,
    batch_job_row,
    body_hash,
    fresh_ids,
    job_row,
    most_urgent,
    payload_row,
    rejected_row,
)
from staffel.contracts.errors import IdempotencyConflictError, InvalidRequestError
from staffel.contracts.requests import BatchRequest, JobRequest
from staffel.routing import RoutingState
from staffel.storage.database import Database
from staffel.storage.hints import HintSender
from staffel.storage.ids import new_id
from staffel.storage.repositories.intake import KeyUse
from staffel.storage.unit_of_work import UnitOfWork


class Submission:
    """Takes jobs in for a tenant. What it returned is committed; what it raised left nothing behind."""

    def __init__(self, database: Database, hints: HintSender, state: RoutingState) -> None:
        self._database = database
        self._hints = ClassifyHints(hints)
        self._state = state

    def check(self, request: JobRequest) -> None:
        """Raises InvalidRequestError when this fleet can never serve the request, naming the fields."""
        check_request(request, self._state, datetime.now(UTC))

    async def submit(self, tenant_id: str, request: JobRequest, *, waiting: bool = False) -> Accepted:
        """Takes one job in; `waiting` says that somebody waits for it."""
        job_id = new_id()
        async with self._database.transaction() as tx:
            await tx.intake.ensure_tenant(tenant_id)
            held = await _held_by(tx, tenant_id, [(request, job_id)])
            if held:
                return Accepted(held[job_id], replayed=True)
            self.check(request)  # not before: a replay stays one when its deadline has passed meanwhile
            row = job_row(request, job_id=job_id, tenant_id=tenant_id, waiting=waiting)
            await tx.intake.add_jobs([row], [payload_row(request, job_id)])
        return Accepted(job_id, hinted=await self._hints.send([job_id], priority=row["priority"]))

    async def submit_batch(
        self, tenant_id: str, batch: BatchRequest, items: Sequence[Submitted | Rejected]
    ) -> AcceptedBatch:
        """Takes a batch in: every item becomes a row, those that are no valid job a failed one."""
        checked = [self._checked(item, place) for place, item in enumerate(items)]
        rejected = tuple(item for item in checked if isinstance(item, Rejected))
        batch_id = new_id()
        async with self._database.transaction() as tx:
            await tx.intake.ensure_tenant(tenant_id)
            if batch.idempotency_key:
                use = KeyUse(batch.idempotency_key, batch_hash(batch, items), None, batch_id)
                held = await _take(tx, tenant_id, [use])
                if held[use.key].batch_id != batch_id:
                    return AcceptedBatch(held[use.key].batch_id or batch_id, (), rejected, replayed=True)
            job_ids = await self._insert(tx, tenant_id, batch, batch_id, checked)
            await tx.batches.close_if_done([batch_id])
        accepted = [
            (i, item) for i, item in zip(job_ids, checked, strict=True) if isinstance(item, Submitted)
        ]
        hinted = await self._hints.send(
            [i for i, _ in accepted], priority=most_urgent(i for _, i in accepted)
        )
        return AcceptedBatch(batch_id, tuple(job_ids), rejected, hinted=hinted)

    def _checked(self, item: Submitted | Rejected, place: int) -> Submitted | Rejected:
        if isinstance(item, Rejected):
            return item
        try:
            self.check(item.request)
        except InvalidRequestError as error:
            return Rejected(item.source or f"item {place + 1}", error)
        return item

    async def _insert(
        self,
        tx: UnitOfWork,
        tenant_id: str,
        batch: BatchRequest,
        batch_id: UUID,
        items: Sequence[Submitted | Rejected],
    ) -> list[UUID]:
        await tx.intake.add_batch(
            batch.model_dump(include={"name", "callback_url", "metadata"})
            | {"id": batch_id, "tenant_id": tenant_id}
        )
        job_ids = list(fresh_ids(len(items)))
        valid = [
            (item.request, i) for i, item in zip(job_ids, items, strict=True) if isinstance(item, Submitted)
        ]
        held = await _held_by(tx, tenant_id, valid)
        now = datetime.now(UTC)
        jobs, payloads, refused = [], [], []
        for place, (job_id, item) in enumerate(zip(job_ids, items, strict=True)):
            slot = BatchSlot(tenant_id, batch_id, place, job_id)
            if isinstance(item, Rejected):
                refused.append(rejected_row(item, slot, finished_at=now))
            elif job_id not in held:
                jobs.append(batch_job_row(item, slot))
                payloads.append(payload_row(item.request, job_id))
        await tx.intake.add_jobs(jobs, payloads)
        await tx.intake.add_jobs(refused, [])
        return [held.get(job_id, job_id) for job_id in job_ids]


async def _held_by(
    tx: UnitOfWork, tenant_id: str, requests: Sequence[tuple[JobRequest, UUID]]
) -> dict[UUID, UUID]:
    """For each new job whose key another job holds: that other job."""
    uses = [
        KeyUse(r.idempotency_key, body_hash(r), job_id, None) for r, job_id in requests if r.idempotency_key
    ]
    held = await _take(tx, tenant_id, uses)
    others = {use.job_id: held[use.key].job_id for use in uses if held[use.key].job_id != use.job_id}
    return {mine: other for mine, other in others.items() if mine and other}


async def _take(tx: UnitOfWork, tenant_id: str, uses: Sequence[KeyUse]) -> dict[str, KeyUse]:
    held = await tx.intake.take_keys(tenant_id, uses)
    for use in uses:
        holder = held[use.key]
        if holder.body_hash != use.body_hash or (holder.job_id is None) != (use.job_id is None):
            raise IdempotencyConflictError("was used before with another body", field="idempotency_key")
    return held
