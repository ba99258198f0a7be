"""One loop that finds what got stuck. Safe to run many times over and side by side."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from staffel.contracts.errors import UnreachableError

log = structlog.get_logger(__name__)


class Duty(Protocol):
    """One thing the reconciler looks after; `sweep` returns how many rows it mended."""

    async def sweep(self) -> int: ...


class Reconciler:
    """Runs its duties in turn, for ever; a duty that fails is tried again at the next turn."""

    def __init__(self, duties: Sequence[Duty], every_s: float) -> None:
        self._duties = duties
        self._every_s = every_s

    async def run_forever(self) -> None:
        while True:
            started = time.monotonic()
            await self.turn()
            await asyncio.sleep(max(0.05, self._every_s - (time.monotonic() - started)))

    async def turn(self) -> dict[str, int]:
        """One turn; returns what each duty mended, by its name."""
        mended: dict[str, int] = {}
        for duty in self._duties:
            name = type(duty).__name__
            try:
                mended[name] = await duty.sweep()
            except (UnreachableError, RedisError, DBAPIError) as error:
                log.warning("duty_failed", duty=name, error=str(error).split("\n", 1)[0])
            except Exception:  # a fault in one duty must not keep the others from theirs
                log.exception("duty_broken", duty=name)
            if mended.get(name):
                log.info("mended", duty=name, rows=mended[name])
        return mended
