"""The Celery tasks: each parses ids, calls a use case on the process's loop, and returns nothing."""

from uuid import UUID

from celery import Celery

from staffel.contracts.tasks import CeleryTask
from workers import process
from workers.services import ClassifierService, ExecutorService


def register(app: Celery) -> None:
    """Makes the tasks known to the app."""
    for name, task in (
        (CeleryTask.RUN, run),
        (CeleryTask.RUN_ALONE, run_alone),
        (CeleryTask.CLASSIFY, classify),
    ):
        app.task(name=name.value)(task)


def run(job_ids: list[str]) -> None:
    process.run(lambda service: service.executor.run(_ids(job_ids)), ExecutorService)


def run_alone(job_ids: list[str]) -> None:
    process.run(lambda service: service.executor.run_alone(_ids(job_ids)), ExecutorService)


def classify(job_ids: list[str]) -> None:
    process.run(lambda service: service.classification.classify(_ids(job_ids)), ClassifierService)


def _ids(texts: list[str]) -> list[UUID]:
    return [UUID(text) for text in texts]
