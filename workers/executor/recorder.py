"""Writes an attempt's outcome: job, attempt, result, calls, costs and callbacks in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func

from staffel.contracts.errors import StaffelError
from staffel.contracts.states import AttemptOutcome, CallState, JobState
from staffel.contracts.tiers import Tier
from staffel.fleet import Fleet
from staffel.storage.database import Database
from staffel.storage.unit_of_work import UnitOfWork
from workers.claims import Answer, Claim
from workers.executor.booking import Spending, correction_row, cost_row
from workers.executor.calls import CallRecord
from workers.outcomes import (
    Cancelled,
    Dead,
    Escalate,
    Failed,
    FallBack,
    Fenced,
    Outcome,
    Released,
    RetryAt,
    Succeeded,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was committed. `tier` is where the job is now, if it waits; `window` counts that tier's hints."""

    held: bool
    terminal: bool
    tier: Tier
    window: int


class Recorder:
    """All is guarded by the lease token: a run that lost its lease books its calls and nothing else."""

    def __init__(self, database: Database, fleet: Fleet, pool: str) -> None:
        self._database = database
        self._fleet = fleet
        self._pool = pool

    async def record(self, claim: Claim, outcome: Outcome, calls: Sequence[CallRecord]) -> Recorded:
        async with self._database.transaction() as tx:
            held = await self._end_run(tx, claim, outcome)
            terminal = held and await self._has_ended(tx, claim, outcome)
            await self._book(tx, claim, calls)
            if terminal and claim.callback_url:
                await tx.callbacks.tell_ended([claim.job_id])
            tier = outcome.tier if isinstance(outcome, Escalate | FallBack) else claim.tier
            window = await tx.dispatch.window(tier)
        return Recorded(held, terminal, tier, window.size)

    async def _end_run(self, tx: UnitOfWork, claim: Claim, outcome: Outcome) -> bool:
        """Moves job and attempt; False when the lease was lost."""
        job, token = claim.job_id, claim.lease_token
        match outcome:
            case Succeeded(answer, degraded_reason):
                reason = degraded_reason or claim.degraded_reason
                held = await tx.runs.finish(job, token, JobState.SUCCEEDED, degraded_reason=reason)
                if held:
                    await self._close(tx, claim, AttemptOutcome.SUCCEEDED, **self._own_answer(claim, answer))
                    await tx.runs.add_result(self._result(claim, answer, reason))
                return held
            case Escalate(tier, reason, answer):
                moved = {"tier": tier.value, "escalations": claim.escalations + 1, "transient_failures": 0}
                held = await tx.runs.requeue(job, token, **moved)
                own = self._own_answer(claim, answer) if answer else {}
                return held and await self._close(tx, claim, AttemptOutcome.ESCALATED, reason=reason, **own)
            case FallBack(tier, reason, code):
                moved = {"tier": tier.value, "escalations": claim.escalations + 1, "transient_failures": 0}
                kept = {"degraded_reason": claim.degraded_reason or reason}
                held = await tx.runs.requeue(job, token, **moved, **kept)
                how = {"reason": reason, "error_code": code}
                return held and await self._close(tx, claim, AttemptOutcome.FELL_BACK, **how)
            case RetryAt(delay, error, charged):
                failures = claim.transient_failures + charged
                later = {"run_at": func.now() + delay, "transient_failures": failures}
                held = await tx.runs.requeue(job, token, **later)
                return held and await self._close(tx, claim, AttemptOutcome.RETRIED, **_error(error))
            case Failed(error):
                held = await tx.runs.finish(job, token, JobState.FAILED, **_error(error))
                return held and await self._close(tx, claim, AttemptOutcome.FAILED, **_error(error))
            case Dead(error):
                held = await tx.runs.finish(job, token, JobState.DEAD, **_error(error))
                return held and await self._close(tx, claim, AttemptOutcome.DEAD, **_error(error))
            case Cancelled():
                held = await tx.runs.finish(job, token, JobState.CANCELLED)
                return held and await self._close(tx, claim, AttemptOutcome.CANCELLED)
            case Released():
                held = await tx.runs.requeue(job, token)
                return held and await self._close(tx, claim, AttemptOutcome.RELEASED)
            case Fenced():
                return False

    async def _close(self, tx: UnitOfWork, claim: Claim, outcome: AttemptOutcome, **values: Any) -> bool:
        await tx.runs.close_attempt(claim.job_id, claim.attempt, outcome, **values)
        return True

    async def _book(self, tx: UnitOfWork, claim: Claim, calls: Sequence[CallRecord]) -> None:
        """Ends the calls and adds their costs; an estimate that the reconciler booked before is corrected."""
        rows = []
        for call in calls:
            was_orphaned = await tx.calls.end(call.columns(claim, self._pool) | call.ending())
            booked = await tx.ledger.booking_of(call.call_id) if was_orphaned else None
            if call.state is CallState.UNSENT and booked is None:
                continue
            row = cost_row(self._fleet, _spending(claim, call, self._pool), _owner(claim))
            rows.append(correction_row(row, booked) if booked else row)
        await tx.ledger.add(rows)

    async def _has_ended(self, tx: UnitOfWork, claim: Claim, outcome: Outcome) -> bool:
        """Whether the job is over: a cancel that came meanwhile ends what would be queued again."""
        if isinstance(outcome, Succeeded | Failed | Dead | Cancelled):
            return True
        return (await tx.jobs.states([claim.job_id]))[claim.job_id].terminal

    def _own_answer(self, claim: Claim, answer: Answer) -> dict[str, Any]:
        """The attempt's own answer; one kept from an earlier attempt stands with that attempt."""
        if answer.attempt != claim.attempt:
            return {}
        return {
            "answer": answer.text,
            "finish_reason": answer.finish_reason,
            "model": answer.model,
            "score": answer.score,
            "failed_checks": list(answer.failed_checks),
        }

    def _result(self, claim: Claim, answer: Answer, degraded_reason: str | None) -> dict[str, Any]:
        return {
            "job_id": claim.job_id,
            "attempt": answer.attempt,
            "tier": answer.tier.value,
            "provider": self._fleet.models[answer.model].provider
            if answer.model in self._fleet.models
            else None,
            "model": answer.model,
            "text": answer.text,
            "data": answer.data,
            "finish_reason": answer.finish_reason,
            "unverified": not answer.verified,
            "failed_checks": list(answer.failed_checks),
            "degraded_reason": degraded_reason,
        }


def _error(error: StaffelError) -> dict[str, Any]:
    return {"error_code": error.code, "error_message": error.message}


def _owner(claim: Claim) -> dict[str, Any]:
    return {
        "tenant_id": claim.tenant_id,
        "batch_id": claim.batch_id,
        "job_id": claim.job_id,
        "attempt": claim.attempt,
        "task": claim.task,
    }


def _spending(claim: Claim, call: CallRecord, pool: str) -> Spending:
    return Spending(
        call_id=call.call_id,
        state=call.state,
        provider=call.provider,
        model=call.model,
        tier=claim.tier.value,
        pool=pool,
        usage=call.usage,
        estimated_input_tokens=call.estimated_input_tokens,
        output_limit_tokens=call.output_limit_tokens,
        seconds=call.seconds,
    )
