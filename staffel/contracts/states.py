"""The states of a job and the transitions between them; drawn in `docs/job-lifecycle.md`."""

from enum import StrEnum


class JobState(StrEnum):
    """Where a job is. `failed` is a permanent error, `dead` an exhausted counter."""

    SUBMITTED = "submitted"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self in TERMINAL


TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELLED})
OPEN = frozenset(JobState) - TERMINAL

#: From each state, the states one step away. The ways out of a terminal state are taken by hand: a retry,
#: and that a dead job is discarded.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.SUBMITTED: frozenset({JobState.QUEUED, JobState.FAILED, JobState.CANCELLED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {JobState.QUEUED, JobState.SUCCEEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELLED}
    ),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset({JobState.SUBMITTED}),
    JobState.DEAD: frozenset({JobState.SUBMITTED, JobState.CANCELLED}),
    JobState.CANCELLED: frozenset({JobState.SUBMITTED}),
}


class AttemptOutcome(StrEnum):
    """How one run of a job ended; `running` while it has not."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    ESCALATED = "escalated"
    FELL_BACK = "fell_back"
    RETRIED = "retried"
    FAILED = "failed"
    DEAD = "dead"
    CANCELLED = "cancelled"
    RELEASED = "released"
    CRASHED = "crashed"


class CallState(StrEnum):
    """One request to a provider. `intended` is committed before the request leaves.

    `lost`: no whole response came, so what it used is estimated. `orphaned`: its worker died, the reconciler
    booked an estimate. `unsent`: the gate refused, nothing left.
    """

    INTENDED = "intended"
    ANSWERED = "answered"
    REFUSED = "refused"
    LOST = "lost"
    ORPHANED = "orphaned"
    UNSENT = "unsent"


class CallPurpose(StrEnum):
    """Why an attempt called a provider."""

    ANSWER = "answer"
    REPAIR = "repair"


class CallbackState(StrEnum):
    """Where a callback in the outbox is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
