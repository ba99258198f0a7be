"""What this fleet can never serve is refused before anything is stored."""

from datetime import datetime

from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.requests import JobRequest, refuse_past_deadline
from staffel.routing import RoutingJob, RoutingState, contradictions


def check_request(request: JobRequest, state: RoutingState, now: datetime) -> None:
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
