"""What this fleet can never serve is refused before anything is stored."""

from datetime import datetime

from staffel.contracts.errors import ContextExceededError, CostLimitError, InvalidRequestError
from staffel.contracts.requests import JobRequest, refuse_past_deadline
from staffel.routing import RoutingJob, RoutingState, contradictions, route

#: The field that a refusal is about, where it names none.
FIELDS = {ContextExceededError.code: "prompt", CostLimitError.code: "max_cost_usd"}


def check_fields(request: JobRequest, state: RoutingState, now: datetime) -> None:
    """Raises InvalidRequestError naming the fields: a deadline before `now` (UTC), or a contradiction."""
    try:
        refuse_past_deadline(request, now)
    except ValueError as error:
        raise InvalidRequestError(str(error), field="deadline") from error
    for contradiction in contradictions(RoutingJob.of(request), state):
        raise InvalidRequestError(
            contradiction.message.removeprefix(", ".join(contradiction.fields) + ": "),
            field=", ".join(contradiction.fields),
        )


def check_request(request: JobRequest, state: RoutingState, now: datetime) -> None:
    """Like `check_fields`, and refuses what fits no tier: too long for any context, or too dear."""
    check_fields(request, state, now)
    [decision] = route([RoutingJob.of(request)], state)
    if decision.refusal is not None:
        refusal = decision.refusal
        error = InvalidRequestError(refusal.message, field=refusal.field or FIELDS.get(refusal.code))
        error.code = refusal.code  # type: ignore[misc]  # a failed item of a batch is filed under it
        raise error
