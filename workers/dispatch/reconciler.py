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


#: A turn takes milliseconds; one that lasts so long waits for a server.
LONG_TURN_S = 10.0


class Duty(Protocol):
    """One thing the reconciler looks after; `sweep` returns how many rows it mended."""

    async def sweep(self) -> int: ...


class Reconciler:
    """Runs its duties in turn, for ever; a duty that fails is tried again at the next turn."""

    def __init__(self, duties: Sequence[Duty], every_s: float) -> None:
        self._duties = duties
        self._every_s = every_s
        self._began: float | None = None
        self._turned = False
        self._faults: dict[str, str] = {}

    async def run_forever(self) -> None:
        while True:
            started = self._began = time.monotonic()
            await self.turn()
            self._began, self._turned = None, True
            await asyncio.sleep(max(0.05, self._every_s - (time.monotonic() - started)))

    def obstacle(self) -> str | None:
        """Why its duties are not done now; None when the last turn went well."""
        lasts_s = 0.0 if self._began is None else time.monotonic() - self._began
        if lasts_s > LONG_TURN_S:
            return f"its turn has lasted for {lasts_s:.0f} s"
        if not self._turned:
            return "its first turn has not ended yet"
        return next((f"{duty}: {fault}" for duty, fault in self._faults.items()), None)

    async def turn(self) -> dict[str, int]:
        """One turn; returns what each duty mended, by its name."""
        mended: dict[str, int] = {}
        faults: dict[str, str] = {}
        for duty in self._duties:
            name = type(duty).__name__
            try:
                mended[name] = await duty.sweep()
            except (UnreachableError, RedisError, DBAPIError) as error:
                faults[name] = str(error).split("\n", 1)[0]
                log.warning("duty_failed", duty=name, error=faults[name])
            except Exception as error:  # a fault in one duty must not keep the others from theirs
                faults[name] = type(error).__name__
                log.exception("duty_broken", duty=name)
            if mended.get(name):
                log.info("mended", duty=name, rows=mended[name])
        self._faults = faults
        return mended
