"""Validate, one transaction, hint after the commit: for one job or for thousands."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from producer.submission.checks import check_request
from producer.submission.hinting import ClassifyHints
from producer.submission.items import Accepted, AcceptedBatch, Rejected, Submitted
from producer.submission.keys import name_of, take_item_keys, take_key
from producer.submission.rows import (
    BatchSlot,
    batch_hash,
    batch_job_row,
    batch_row,
    body_hash,
    fresh_ids,
    job_row,
    most_urgent,
    payload_row,
    rejected_row,
)
from staffel.contracts.errors import InvalidRequestError
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
            if request.idempotency_key:
                use = KeyUse(request.idempotency_key, body_hash(request), job_id, None)
                holder = await take_key(tx, tenant_id, use)
                if holder.job_id and holder.job_id != job_id:
                    return Accepted(holder.job_id, replayed=True)
            self.check(request)  # not before: a replay stays one when its deadline has passed meanwhile
            row = job_row(request, job_id=job_id, tenant_id=tenant_id, waiting=waiting)
            await tx.intake.add_jobs([row], [payload_row(request, job_id)])
        return Accepted(job_id, hinted=await self._hints.send([job_id], priority=row["priority"]))

    async def submit_batch(
        self, tenant_id: str, batch: BatchRequest, items: Sequence[Submitted | Rejected]
    ) -> AcceptedBatch:
        """Takes a batch in: every item becomes a row, those that are no valid job a failed one."""
        checked = [self._checked(item, place) for place, item in enumerate(items)]
        batch_id, job_ids = new_id(), fresh_ids(len(items))
        async with self._database.transaction() as tx:
            await tx.intake.ensure_tenant(tenant_id)
            if batch.idempotency_key:
                use = KeyUse(batch.idempotency_key, batch_hash(batch, items), None, batch_id)
                holder = await take_key(tx, tenant_id, use)
                if holder.batch_id and holder.batch_id != batch_id:
                    return AcceptedBatch(holder.batch_id, (), _rejected(checked), replayed=True)
            settled, held = await take_item_keys(tx, tenant_id, checked, job_ids)
            slots = [BatchSlot(tenant_id, batch_id, place, job_id) for place, job_id in enumerate(job_ids)]
            await tx.intake.add_batch(batch_row(batch, batch_id, tenant_id))
            await _insert(tx, slots, settled, held)
            await tx.batches.close_if_done([batch_id])
        ids = tuple(held.get(job_id, job_id) for job_id in job_ids)
        accepted = [(i, item) for i, item in zip(ids, settled, strict=True) if isinstance(item, Submitted)]
        hinted = await self._hints.send(
            [i for i, _ in accepted], priority=most_urgent(item for _, item in accepted)
        )
        return AcceptedBatch(batch_id, ids, _rejected(settled), hinted=hinted)

    def _checked(self, item: Submitted | Rejected, place: int) -> Submitted | Rejected:
        if isinstance(item, Rejected):
            return item
        try:
            self.check(item.request)
        except InvalidRequestError as error:
            return Rejected(name_of(item, place), error)
        return item


def _rejected(items: Sequence[Submitted | Rejected]) -> tuple[Rejected, ...]:
    return tuple(item for item in items if isinstance(item, Rejected))


async def _insert(
    tx: UnitOfWork,
    slots: Sequence[BatchSlot],
    items: Sequence[Submitted | Rejected],
    held: Mapping[UUID, UUID],
) -> None:
    """A row an item, unless another job holds its key."""
    jobs, payloads, refused = [], [], []
    for slot, item in zip(slots, items, strict=True):
        if isinstance(item, Rejected):
            refused.append(rejected_row(item, slot))
        elif slot.job_id not in held:
            jobs.append(batch_job_row(item, slot))
            payloads.append(payload_row(item.request, slot.job_id))
    await tx.intake.add_jobs(jobs, payloads)
    await tx.intake.add_rejected(refused)
