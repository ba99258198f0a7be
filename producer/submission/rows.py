"""Requests as rows: pure functions of values."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from producer.submission.items import Rejected, Submitted
from staffel.contracts.requests import BatchRequest, JobRequest
from staffel.contracts.states import JobState
from staffel.routing.schedule import default_priority
from staffel.storage.ids import new_id

REJECTED_TASK = "rejected"


def body_hash(*requests: JobRequest | BatchRequest) -> str:
    """SHA-256 of what the client asked for, the idempotency key left out."""
    digest = hashlib.sha256()
    for request in requests:
        body = request.model_dump(mode="json", exclude={"idempotency_key"})
        digest.update(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


def batch_hash(batch: BatchRequest, items: Iterable[Submitted | Rejected]) -> str:
    """SHA-256 of a batch and all its items, in order."""
    digest = hashlib.sha256(body_hash(batch).encode())
    for item in items:
        own = (
            body_hash(item.request) if isinstance(item, Submitted) else f"{item.source}: {item.error.message}"
        )
        digest.update(own.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class BatchSlot:
    """Where an item of a batch goes."""

    tenant_id: str
    batch_id: UUID
    place: int
    job_id: UUID

    def columns(self) -> dict[str, Any]:
        return {
            "id": self.job_id,
            "tenant_id": self.tenant_id,
            "batch_id": self.batch_id,
            "batch_index": self.place,
        }


def job_row(request: JobRequest, *, job_id: UUID, tenant_id: str, waiting: bool = False) -> dict[str, Any]:
    """A row of `jobs` in state submitted, outside any batch."""
    priority = default_priority(waiting=waiting, in_batch=False)
    source = request.document.source if request.document else None
    return _columns(request, priority) | {"id": job_id, "tenant_id": tenant_id, "source": source}


def batch_job_row(item: Submitted, slot: BatchSlot) -> dict[str, Any]:
    """A row of `jobs` in state submitted, as part of a batch."""
    priority = default_priority(waiting=False, in_batch=True)
    document = item.request.document
    source = item.source or (document.source if document else None)
    return _columns(item.request, priority) | slot.columns() | {"source": source}


def _columns(request: JobRequest, priority: int) -> dict[str, Any]:
    return {
        "task": request.task,
        "strategy": request.strategy.value,
        "data_class": request.data_class.value,
        "forced_tier": request.tier.value if request.tier else None,
        "forced_model": request.model,
        "priority": priority if request.priority is None else request.priority,
        "max_cost_usd": request.max_cost_usd,
        "max_output_tokens": request.options.max_output_tokens,
        "deadline": request.deadline,
        "callback_url": request.callback_url,
        "metadata": request.metadata,
        "state": JobState.SUBMITTED.value,
    }


def payload_row(request: JobRequest, job_id: UUID) -> dict[str, Any]:
    """A row of `payloads`: the content apart from the job, so that it can be erased."""
    content = request.model_dump(mode="json", include={"prompt", "messages", "document"}, exclude_none=True)
    return {"job_id": job_id, "content": content, "options": request.options.model_dump(mode="json")}


def batch_row(batch: BatchRequest, batch_id: UUID, tenant_id: str) -> dict[str, Any]:
    """A row of `batches`."""
    own = batch.model_dump(include={"name", "callback_url", "metadata"})
    return own | {"id": batch_id, "tenant_id": tenant_id}


def rejected_row(item: Rejected, slot: BatchSlot) -> dict[str, Any]:
    """A row of `jobs` for an item that is no job: failed from the start; the database says when."""
    return slot.columns() | {
        "source": item.source,
        "task": REJECTED_TASK,
        "strategy": "fixed",
        "data_class": "internal",
        "priority": 9,
        "state": JobState.FAILED.value,
        "error_code": item.error.code,
        "error_message": item.error.message,
    }


def most_urgent(items: Iterable[Submitted]) -> int:
    """The priority of the most urgent item of a batch."""
    default = default_priority(waiting=False, in_batch=True)
    given = (item.request.priority for item in items)
    return min((default if priority is None else priority for priority in given), default=default)


def fresh_ids(count: int) -> tuple[UUID, ...]:
    """Ids in ascending order."""
    return tuple(sorted(new_id() for _ in range(count)))
