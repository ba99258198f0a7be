"""One attempt of one job, from the hint to the committed outcome."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import DBAPIError

from staffel.contracts.errors import (
    DeadlineExceededError,
    PermanentError,
    ProviderUnauthorizedError,
    StaffelError,
    UnreachableError,
)
from staffel.contracts.telemetry import LogField
from staffel.storage.database import Database
from staffel.storage.ids import new_id
from staffel.storage.repositories.runs import Claimer
from workers.claims import Answer, Claim
from workers.executor.calls import AttemptCalls, CallRecord
from workers.executor.leases import Held, Leases
from workers.executor.quarantine import Quarantine
from workers.executor.recorder import Recorded, Recorder
from workers.handlers import LanguageHandler
from workers.outcomes import (
    Failed,
    InterruptedAttemptError,
    Limits,
    Outcome,
    of_answer,
    of_error,
    of_interruption,
)
from workers.providers.gate import Providers
from workers.settings import WorkerSettings

log = structlog.get_logger(__name__)

#: Pauses between tries to record an outcome while the database is away.
RECORD_PAUSE_S = 1.0


class UnexpectedError(PermanentError):
    """An error in staffel itself."""

    code = "internal_error"


class Aftermath(Protocol):
    """What happens after an outcome is committed; nothing in it may fail the attempt."""

    async def after(self, claim: Claim, recorded: Recorded) -> None: ...


class Executor:
    """Runs the jobs of hints for one pool."""

    def __init__(
        self,
        *,
        settings: WorkerSettings,
        limits: Limits,
        claimer: Claimer,
        database: Database,
        providers: Providers,
        leases: Leases,
        recorder: Recorder,
        handler: LanguageHandler,
        aftermath: Aftermath,
        nothing_on_offer: str,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._claimer = claimer
        self._database = database
        self._providers = providers
        self._leases = leases
        self._recorder = recorder
        self._handler = handler
        self._aftermath = aftermath
        self._nothing_on_offer = nothing_on_offer
        self._quarantine = Quarantine()
        self._closing = False

    def close(self) -> None:
        """From now on hints are dropped; the reconciler sends them to others."""
        self._closing = True

    async def run(self, job_ids: Sequence[UUID]) -> None:
        """Runs the jobs of a hint, together with whatever else runs in this process."""
        await asyncio.gather(*(self._run(job_id, alone=False) for job_id in job_ids))

    async def run_alone(self, job_ids: Sequence[UUID]) -> None:
        """Runs the jobs of a hint one by one, with nothing beside them in this process."""
        for job_id in job_ids:
            await self._run(job_id, alone=True)

    async def _run(self, job_id: UUID, *, alone: bool) -> None:
        async with self._place(alone=alone):
            claim = None if self._closing else await self._claim(job_id, alone=alone)
            if claim is None:
                return
            with self._leases.holding(claim) as held:
                calls = self._calls(claim)
                outcome = await self._attempt(claim, held, calls)
                recorded = await self._record(claim, outcome, calls.records if calls else ())
        self._log(claim, outcome, recorded)
        await self._aftermath.after(claim, recorded)

    def _place(self, *, alone: bool) -> AbstractAsyncContextManager[None]:
        return self._quarantine.alone() if alone else self._quarantine.together()

    async def _claim(self, job_id: UUID, *, alone: bool) -> Claim | None:
        token, call_id = uuid4(), new_id()
        async with self._database.transaction() as tx:
            row = await tx.runs.claim(
                job_id,
                self._claimer,
                lease_token=token,
                call_id=call_id,
                lease=self._settings.lease,
                alone=alone,
            )
        return None if row is None else Claim.of(row, lease_token=token, call_id=call_id)

    def _calls(self, claim: Claim) -> AttemptCalls | None:
        if claim.model is None or claim.provider is None:
            return None
        pool = self._claimer.pool
        return AttemptCalls(claim, pool, claim.model, claim.provider, self._providers, self._database)

    async def _attempt(self, claim: Claim, held: Held, calls: AttemptCalls | None) -> Outcome:
        """Lets the handler work and resolves what came of it."""
        try:
            return of_answer(claim, await self._handle(claim, held, calls), self._limits)
        except InterruptedAttemptError as interrupted:
            return of_interruption(interrupted.why)
        except StaffelError as error:
            return of_error(claim, error, self._limits)
        except Exception:
            log.exception("handler_failed", **{LogField.JOB: str(claim.job_id)})
            return of_error(claim, UnexpectedError(), self._limits)
        finally:
            if calls is not None:
                calls.never_sent()

    async def _handle(self, claim: Claim, held: Held, calls: AttemptCalls | None) -> Answer:
        if calls is None:
            raise ProviderUnauthorizedError(self._nothing_on_offer)
        held.work = work = asyncio.ensure_future(self._handler.run(claim, calls))
        if held.why is not None:
            work.cancel()
        try:
            async with asyncio.timeout(claim.deadline_in_s) as deadline:
                return await work
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise DeadlineExceededError("the deadline passed while the job ran") from error
        except asyncio.CancelledError:
            if held.why is None:
                raise
            raise InterruptedAttemptError(held.why) from None

    async def _record(self, claim: Claim, outcome: Outcome, calls: Sequence[CallRecord]) -> Recorded:
        """Commits the outcome; while the database is away it waits, for what was paid must be booked.

        An answer that the database refuses fails its job, instead of running it again and again.
        """
        while True:
            try:
                return await self._recorder.record(claim, outcome, calls)
            except UnreachableError as error:
                log.warning("record_waits", error=error.message, **{LogField.JOB: str(claim.job_id)})
                await asyncio.sleep(RECORD_PAUSE_S)
            except DBAPIError as error:
                if isinstance(outcome, Failed):
                    raise
                log.error(
                    "record_refused", error=type(error.orig).__name__, **{LogField.JOB: str(claim.job_id)}
                )
                outcome = Failed(UnexpectedError("the database refused the answer"))

    def _log(self, claim: Claim, outcome: Outcome, recorded: Recorded) -> None:
        log.info(
            "attempt_ended",
            held=recorded.held,
            **{
                LogField.JOB: str(claim.job_id),
                LogField.TIER: claim.tier.value,
                LogField.ATTEMPT: claim.attempt,
                LogField.OUTCOME: type(outcome).__name__.lower(),
                LogField.MODEL: claim.model,
            },
        )
