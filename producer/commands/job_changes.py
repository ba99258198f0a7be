"""What cancel and retry say, the same for jobs, batches and dead jobs."""

from typing import TYPE_CHECKING, Any

from producer.commands.session import warn_of_broker
from staffel.cli.printing import note

if TYPE_CHECKING:
    from producer.interventions import Cancelled, Retried


def say_cancelled(cancelled: "Cancelled") -> None:
    note(f"{len(cancelled.ended)} cancelled, {len(cancelled.asked)} running and asked to stop")


def cancelled_document(cancelled: "Cancelled") -> dict[str, Any]:
    return {"cancelled": list(cancelled.ended), "asked_to_stop": list(cancelled.asked)}


def warn_untold(cancelled: "Cancelled", redis_place: str) -> None:
    if not cancelled.told:
        warn_of_broker(redis_place, "what runs stops at its next heartbeat")


def say_retried(retried: "Retried") -> None:
    note(f"{len(retried.job_ids)} go through the fleet again")


def retried_document(retried: "Retried") -> dict[str, Any]:
    return {"retried": list(retried.job_ids)}


def warn_unhinted(retried: "Retried", redis_place: str) -> None:
    if not retried.hinted:
        warn_of_broker(redis_place, "the jobs are stored and run when Redis is back")
