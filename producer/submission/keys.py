"""Idempotency keys: who holds them, and what it means for whoever brings one."""

from collections.abc import Sequence
from uuid import UUID

from producer.submission.items import Rejected, Submitted
from producer.submission.rows import body_hash
from staffel.contracts.errors import IdempotencyConflictError
from staffel.storage.repositories.intake import KeyUse
from staffel.storage.unit_of_work import UnitOfWork


async def take_key(tx: UnitOfWork, tenant_id: str, use: KeyUse) -> KeyUse:
    """Takes the key if it is free; returns who holds it now.

    Raises IdempotencyConflictError for the key of another body.
    """
    holder = (await tx.intake.take_keys(tenant_id, [use]))[use.key]
    if _conflicts(use, holder):
        raise _conflict()
    return holder


async def take_item_keys(
    tx: UnitOfWork, tenant_id: str, items: Sequence[Submitted | Rejected], job_ids: Sequence[UUID]
) -> tuple[list[Submitted | Rejected], dict[UUID, UUID]]:
    """Takes the keys of a batch's items.

    Returns the items, those whose key is another body's rejected; and for each new job whose key another job
    holds, that other job.
    """
    uses = {
        job_id: KeyUse(item.request.idempotency_key, body_hash(item.request), job_id, None)
        for job_id, item in zip(job_ids, items, strict=True)
        if isinstance(item, Submitted) and item.request.idempotency_key
    }
    holders = await tx.intake.take_keys(tenant_id, list(uses.values()))
    settled, held = list(items), {}
    for place, job_id in enumerate(job_ids):
        if job_id not in uses:
            continue
        holder = holders[uses[job_id].key]
        if _conflicts(uses[job_id], holder):
            settled[place] = Rejected(name_of(items[place], place), _conflict())
        elif holder.job_id and holder.job_id != job_id:
            held[job_id] = holder.job_id
    return settled, held


def name_of(item: Submitted | Rejected, place: int) -> str:
    """What an item is called when it is rejected."""
    return item.source or f"item {place + 1}"


def _conflicts(use: KeyUse, holder: KeyUse) -> bool:
    return holder.body_hash != use.body_hash or (holder.job_id is None) != (use.job_id is None)


def _conflict() -> IdempotencyConflictError:
    return IdempotencyConflictError("was used before with another body", field="idempotency_key")
