"""The calls of one attempt: a committed row before each request leaves, a record of how it ended."""

import asyncio
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from staffel.contracts.errors import (
    CircuitOpenError,
    ConfigurationError,
    CostLimitError,
    DataClassError,
    ProviderOverloadedError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    StaffelError,
)
from staffel.contracts.states import CallPurpose, CallState
from staffel.contracts.tokens import TEMPLATE_TOKENS, estimate_tokens
from staffel.fleet.prices import TokenUsage
from staffel.storage.database import Database
from staffel.storage.ids import new_id
from workers.claims import Claim
from workers.providers.gate import Providers
from workers.providers.seam import ModelReply, ModelRequest

#: The gate refused: nothing left this house, nothing is owed.
UNSENT = (CircuitOpenError, ConfigurationError, CostLimitError, DataClassError)

#: A whole response said no: nothing was generated, nothing is owed for tokens.
REFUSED = (ProviderOverloadedError, ProviderRejectedError, ProviderUnauthorizedError)


@dataclass(slots=True)
class CallRecord:
    """How one call went. `usage` is None where the provider did not tell; then it is estimated."""

    call_id: UUID
    purpose: CallPurpose
    provider: str
    model: str
    estimated_input_tokens: int
    output_limit_tokens: int
    state: CallState = CallState.LOST
    usage: TokenUsage | None = None
    seconds: float = 0.0
    request_id: str | None = None
    error_code: str | None = None

    def columns(self, claim: Claim, pool: str) -> dict[str, Any]:
        """The row of `calls` but for its state and end."""
        return {
            "id": self.call_id,
            "job_id": claim.job_id,
            "attempt": claim.attempt,
            "purpose": self.purpose.value,
            "provider": self.provider,
            "model": self.model,
            "tier": claim.tier.value,
            "pool": pool,
            "estimated_input_tokens": self.estimated_input_tokens,
            "output_limit_tokens": self.output_limit_tokens,
        }

    def likely_usage(self) -> TokenUsage:
        """What the provider told, else the estimate."""
        return self.usage or TokenUsage(self.estimated_input_tokens, self.output_limit_tokens)

    def ending(self) -> dict[str, Any]:
        return {
            "state": self.state.value,
            "request_id": self.request_id,
            "error_code": self.error_code,
            "latency_ms": self.seconds * 1000,
        }


@dataclass(slots=True)
class AttemptCalls:
    """Makes the calls of one attempt. The first one's intent stands already: the claim wrote it."""

    claim: Claim
    pool: str
    model: str
    provider: str
    providers: Providers
    database: Database
    records: list[CallRecord] = field(default_factory=list)

    async def complete(self, request: ModelRequest, purpose: CallPurpose) -> ModelReply:
        """One call through the gate; raises what the gate and the provider raise."""
        record = self._open(request, purpose)
        if len(self.records) > 1:
            async with self.database.transaction() as tx:
                await tx.calls.intend(record.columns(self.claim, self.pool))
        return await self._send(record, request)

    def never_sent(self) -> None:
        """Notes the claim's own call when the handler ended before it was made."""
        if not self.records:
            record = self._open(None, CallPurpose.ANSWER)
            record.state = CallState.UNSENT

    def _open(self, request: ModelRequest | None, purpose: CallPurpose) -> CallRecord:
        record = CallRecord(
            call_id=new_id() if self.records else self.claim.call_id,
            purpose=purpose,
            provider=self.provider,
            model=self.model,
            estimated_input_tokens=_input_tokens(request) if request else self.claim.input_tokens,
            output_limit_tokens=self.claim.options.max_output_tokens,
        )
        self.records.append(record)
        return record

    def _cost_left_usd(self) -> Decimal | None:
        """What the job may still spend, the earlier calls of this attempt counted."""
        left = self.claim.cost_left_usd
        if left is None:
            return None
        return left - sum(self.providers.charge_usd(self.model, r.likely_usage()) for r in self.records[:-1])

    async def _send(self, record: CallRecord, request: ModelRequest) -> ModelReply:
        started = time.monotonic()
        try:
            reply = await self.providers.complete(
                self.model,
                request,
                data_class=self.claim.data_class,
                max_cost_usd=self._cost_left_usd(),
            )
        except StaffelError as error:
            record.state, record.error_code = _state_after(error), error.code
            raise
        except asyncio.CancelledError:
            record.error_code = "cancelled"
            raise
        finally:
            record.seconds = time.monotonic() - started
        record.state, record.usage, record.request_id = CallState.ANSWERED, reply.usage, reply.request_id
        return reply


def _state_after(error: StaffelError) -> CallState:
    if isinstance(error, UNSENT):
        return CallState.UNSENT
    return CallState.REFUSED if isinstance(error, REFUSED) else CallState.LOST


def _input_tokens(request: ModelRequest) -> int:
    return TEMPLATE_TOKENS + sum(estimate_tokens(turn.content) for turn in request.turns)
