"""Tells the classifier of jobs that were committed."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from staffel.contracts.tasks import CeleryTask
from staffel.contracts.tiers import Queue
from staffel.routing.schedule import BATCH_PRIORITY
from staffel.storage.hints import Hint, HintSender, Level

#: Ids a classify hint carries.
HINT_SIZE = 200

log = structlog.get_logger(__name__)


class ClassifyHints:
    """Cuts ids into hints; without a broker the reconciler finds the jobs a little later."""

    def __init__(self, hints: HintSender) -> None:
        self._hints = hints

    async def send(self, job_ids: Sequence[UUID], *, priority: int = BATCH_PRIORITY) -> bool:
        """Call it after the commit. False when the broker is out of reach.

        What is more urgent than batches are by default does not wait behind a batch's hints.
        """
        level = Level.EXPRESS if priority < BATCH_PRIORITY else Level.NORMAL
        chunks = [tuple(job_ids[start : start + HINT_SIZE]) for start in range(0, len(job_ids), HINT_SIZE)]
        try:
            await self._hints.send(
                Hint(CeleryTask.CLASSIFY, Queue.CLASSIFY, chunk, level) for chunk in chunks
            )
        except RedisError as error:
            log.warning("broker_unreachable", error=str(error), jobs=len(job_ids))
            return False
        return True
