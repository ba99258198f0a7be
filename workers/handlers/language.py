"""The handler of all language tasks: prompt, call, check, and one repair that shows the model its error."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from staffel.contracts.errors import CircuitOpenError, CostLimitError
from staffel.contracts.requests import JobRequest
from staffel.contracts.states import CallPurpose
from workers.claims import Answer, Claim
from workers.handlers.checks import Verdict, check
from workers.handlers.instructions import answer_schema, system_instruction
from workers.providers.seam import FinishReason, ModelReply, ModelRequest, Turn


class Calling(Protocol):
    """Makes recorded calls for one attempt."""

    async def complete(self, request: ModelRequest, purpose: CallPurpose) -> ModelReply: ...

    @property
    def model(self) -> str: ...


class LanguageHandler:
    """Values in, an answer out; errors are those of the providers."""

    def __init__(self, call_timeout: timedelta) -> None:
        self._call_timeout = call_timeout

    async def run(self, claim: Claim, calls: Calling) -> Answer:
        schema = answer_schema(claim.task, claim.options)
        request = self._request(claim, schema)
        reply = await calls.complete(request, CallPurpose.ANSWER)
        verdict = check(reply, schema)
        if _repairable(reply, verdict):
            reply, verdict = await self._repair(calls, request, reply, verdict)
        return _answer(claim, calls.model, reply, verdict)

    def _request(self, claim: Claim, schema: Mapping[str, Any] | None) -> ModelRequest:
        return ModelRequest(
            turns=turns_of(claim.request()),
            max_output_tokens=claim.options.max_output_tokens,
            temperature=claim.options.temperature,
            json_schema=schema,
            timeout=self._call_timeout,
        )

    async def _repair(
        self, calls: Calling, request: ModelRequest, reply: ModelReply, verdict: Verdict
    ) -> tuple[ModelReply, Verdict]:
        told = (
            *request.turns,
            Turn("assistant", reply.text),
            Turn(
                "user", f"{verdict.problem}. Answer again, with JSON that fits the schema and nothing else."
            ),
        )
        try:
            repaired = await calls.complete(replace(request, turns=told), CallPurpose.REPAIR)
        except (CostLimitError, CircuitOpenError):  # nothing was asked: the answer stands as it is
            return reply, verdict
        again = check(repaired, request.json_schema)
        return (repaired, again) if again.score >= verdict.score else (reply, verdict)


def turns_of(request: JobRequest) -> tuple[Turn, ...]:
    """The conversation that a request asks for, its task's instruction first."""
    instruction = system_instruction(request.task, request.options)
    system = (Turn("system", instruction),) if instruction else ()
    if request.messages is not None:
        return (*system, *(Turn(message.role, message.content) for message in request.messages))
    return (*system, Turn("user", request.text))


def _repairable(reply: ModelReply, verdict: Verdict) -> bool:
    """A truncated answer would be truncated again; anything else that broke the schema may be mended."""
    broken = {"json", "schema"} & set(verdict.failed_checks)
    return bool(broken) and reply.finish_reason is FinishReason.STOP


def _answer(claim: Claim, model: str, reply: ModelReply, verdict: Verdict) -> Answer:
    return Answer(
        text=reply.text,
        finish_reason=reply.finish_reason.value,
        model=model,
        tier=claim.tier,
        attempt=claim.attempt,
        data=verdict.data,
        score=verdict.score,
        failed_checks=verdict.failed_checks,
    )
