"""How an attempt ends, as values, and the pure rules that choose between them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from staffel.contracts.errors import (
    CircuitOpenError,
    ContextExceededError,
    CostLimitError,
    DataClassError,
    DeadlineExceededError,
    PermanentError,
    ProviderUnauthorizedError,
    StaffelError,
    TransientError,
)
from staffel.contracts.requests import Strategy
from staffel.contracts.tiers import Tier
from staffel.routing import fallback_tier, next_tier
from workers.claims import Answer, Claim
from workers.providers.errors import ContextLengthRejectedError
from workers.retry import Backoff


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The job has its answer; `degraded_reason` when the decided tier could not give it."""

    answer: Answer
    degraded_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Escalate:
    """The checks failed: a better tier tries, the answer is kept in case none does better."""

    tier: Tier
    reason: str
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class FallBack:
    """This tier cannot answer: another one does."""

    tier: Tier
    reason: str
    error_code: str


@dataclass(frozen=True, slots=True)
class RetryAt:
    """The provider cannot answer now: the same tier tries again after a while.

    Not `charged` to the job when nobody was asked.
    """

    delay: timedelta
    error: StaffelError
    charged: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """A permanent error."""

    error: StaffelError


@dataclass(frozen=True, slots=True)
class Dead:
    """A counter is exhausted."""

    error: StaffelError


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Somebody asked for it."""


@dataclass(frozen=True, slots=True)
class Released:
    """The worker shuts down: the job goes back and nothing is charged."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """The lease was lost: another run owns the job, only the money spent is booked."""


Outcome = Succeeded | Escalate | FallBack | RetryAt | Failed | Dead | Cancelled | Released | Fenced


class Interruption(StrEnum):
    """Why a running attempt was stopped from outside."""

    CANCELLED = "cancelled"
    RELEASED = "released"
    FENCED = "fenced"


class InterruptedAttemptError(Exception):
    """The attempt was stopped from outside."""

    def __init__(self, why: Interruption) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a job may fail on a tier and move between tiers."""

    max_transient_failures: int
    max_escalations: int
    backoff: Backoff


def of_answer(claim: Claim, answer: Answer, limits: Limits) -> Outcome:
    """A good answer ends the job; a bad one escalates while that is permitted, then the best one is kept."""
    if answer.verified:
        return Succeeded(answer)
    better = next_tier(claim.tier, claim.permitted)
    if claim.strategy is Strategy.FIXED or better is None or claim.escalations >= limits.max_escalations:
        return Succeeded(_best(answer, claim.best))
    return Escalate(better, f"checks failed: {', '.join(answer.failed_checks)}", answer)


def of_error(claim: Claim, error: StaffelError, limits: Limits) -> Outcome:
    """Which outcome an error of the handler or a provider leads to."""
    match error:
        case DeadlineExceededError():
            return _keep_best_or(claim, Failed(error), error)
        case ContextExceededError() | ContextLengthRejectedError():
            return _escalate_or_fail(claim, error, limits)
        case ProviderUnauthorizedError() | CostLimitError() | DataClassError():
            return _fall_back_or(claim, error, limits, Failed(error))
        case CircuitOpenError():
            return _go_elsewhere_or_wait(claim, error, limits)
        case TransientError() if claim.transient_failures < limits.max_transient_failures:
            return RetryAt(limits.backoff.delay(claim.transient_failures + 1, error.retry_after), error)
        case TransientError():
            return _fall_back_or(claim, error, limits, Dead(error))
        case PermanentError():
            return _keep_best_or(claim, Failed(error), error)
        case _:
            return Failed(error)


def of_interruption(why: Interruption) -> Outcome:
    match why:
        case Interruption.CANCELLED:
            return Cancelled()
        case Interruption.RELEASED:
            return Released()
        case Interruption.FENCED:
            return Fenced()


def _best(answer: Answer, other: Answer | None) -> Answer:
    return other if other is not None and other.score > answer.score else answer


def _escalate_or_fail(claim: Claim, error: StaffelError, limits: Limits) -> Outcome:
    better = next_tier(claim.tier, claim.permitted)
    if better is None or claim.escalations >= limits.max_escalations:
        return _keep_best_or(claim, Failed(error), error)
    return Escalate(better, error.message)


def _go_elsewhere_or_wait(claim: Claim, error: CircuitOpenError, limits: Limits) -> Outcome:
    """Another provider at once, where the job may change its tier; else this one when it is tried again."""
    wait = RetryAt(limits.backoff.delay(1, error.retry_after), error, charged=False)
    if claim.strategy is Strategy.FIXED:
        return wait
    elsewhere = tuple(tier for tier in claim.permitted if tier in error.tiers_elsewhere)
    return _fall_back_or(replace(claim, permitted=elsewhere), error, limits, wait)


def _fall_back_or(claim: Claim, error: StaffelError, limits: Limits, otherwise: Outcome) -> Outcome:
    """Another tier, unless a former one has answered already or the job moved too often."""
    other = fallback_tier(claim.tier, claim.permitted)
    if claim.best is not None or other is None or claim.escalations >= limits.max_escalations:
        return _keep_best_or(claim, otherwise, error)
    return FallBack(other, f"{claim.tier}: {error.message}", error.code)


def _keep_best_or(claim: Claim, otherwise: Outcome, error: StaffelError) -> Outcome:
    if claim.best is None:
        return otherwise
    reason = claim.degraded_reason or f"{claim.tier}: {error.message}"
    return Succeeded(claim.best, degraded_reason=reason)
