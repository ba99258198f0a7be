"""What goes into a submission and what comes out."""

from dataclasses import dataclass
from uuid import UUID

from staffel.contracts.errors import PermanentError
from staffel.contracts.requests import JobRequest


@dataclass(frozen=True, slots=True)
class Submitted:
    """A valid job of a batch and where it came from."""

    request: JobRequest
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item of a batch that is no job: it becomes a failed row, so that nobody misses it."""

    source: str
    error: PermanentError


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job that is committed.

    `replayed`: the idempotency key was known, and this is the job of then. `hinted` is False when the broker
    was out of reach; the reconciler picks the job up.
    """

    job_id: UUID
    replayed: bool = False
    hinted: bool = True


@dataclass(frozen=True, slots=True)
class AcceptedBatch:
    """A batch that is committed. `job_ids` has an entry an item, in order, the rejected ones included."""

    batch_id: UUID
    job_ids: tuple[UUID, ...]
    rejected: tuple[Rejected, ...] = ()
    replayed: bool = False
    hinted: bool = True
