"""The circuit breaker before every provider: when it is down, one call at a time tries whether it is back.

What is known of a circuit is good for a second, so a healthy provider costs one round trip to Redis a second
and process, whatever the number of calls. While Redis is away, every call goes through.
"""

import asyncio
import ipaddress
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from redis.exceptions import RedisError

from staffel.contracts.errors import (
    CircuitOpenError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
)
from staffel.contracts.telemetry import LogField
from staffel.contracts.tiers import Tier
from staffel.storage.circuits import Admission, Circuits, Opening, Passage
from workers.providers.seam import Endpoint

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: How long what Redis said of a circuit is believed.
FRESH_S = 1.0

#: A frozen Redis must not hold up calls.
PATIENCE_S = 1.0

#: A probe whose worker died is free again after this; a living worker renews it.
PROBE_LEASE = timedelta(seconds=6)

#: Not a probe.
ORDINARY = ""


class Guard(Protocol):
    """Stands before each call, and learns from how it ends."""

    def call(self, circuit: str, tiers_elsewhere: frozenset[Tier]) -> AbstractAsyncContextManager[None]: ...


class AlwaysClosed:
    """Lets everything through."""

    @asynccontextmanager
    async def call(self, _: str, __: frozenset[Tier], /) -> AsyncIterator[None]:
        yield


@dataclass(slots=True)
class Known:
    """What this process last learned of a circuit, in seconds of its own clock."""

    fresh_until: float
    open_until: float = 0.0
    failures: bool = False


class CircuitBreaker:
    """One a process. The state is in Redis; here is only what may be a second old."""

    def __init__(self, circuits: Circuits, clock: Callable[[], float] = time.monotonic) -> None:
        self._circuits = circuits
        self._clock = clock
        self._known: dict[str, Known] = {}

    @asynccontextmanager
    async def call(self, circuit: str, tiers_elsewhere: frozenset[Tier], /) -> AsyncIterator[None]:
        """Around one call. Raises CircuitOpenError, with the tiers that do not need this provider, instead of
        calling. A call that was stopped from outside says nothing about its provider.
        """
        token = await self._enter(circuit, tiers_elsewhere)
        async with self._holding(circuit, token):
            try:
                yield
            except ProviderUnavailableError as error:
                await self._failed(circuit, token, error.retry_after)
                raise
            except (ProviderRejectedError, ProviderUnauthorizedError):  # it is there, and said no
                await self._answered(circuit, token)
                raise
            await self._answered(circuit, token)

    @asynccontextmanager
    async def _holding(self, circuit: str, token: str) -> AsyncIterator[None]:
        """Keeps the probe while the call runs; one that taught nothing is free for the next call."""
        if not token:
            yield
            return
        renewal = asyncio.create_task(self._renew_forever(circuit, token))
        try:
            yield
        finally:
            renewal.cancel()
            await self._told(self._circuits.give_back(circuit, token), None)

    async def _enter(self, circuit: str, tiers_elsewhere: frozenset[Tier]) -> str:
        """The token of a probe, or ORDINARY."""
        now = self._clock()
        known = self._known.get(circuit)
        if known is None or now >= known.fresh_until or now >= known.open_until > 0:
            token = uuid4().hex
            asked = self._circuits.enter(circuit, token, PROBE_LEASE)
            admission = await self._told(asked, Admission(Passage.FREE))
            if admission.passage is Passage.PROBE:
                return token
            known = self._learn(circuit, admission.wait, failures=admission.failures > 0)
        if known.open_until:
            left_s = max(0.0, known.open_until - self._clock())
            raise CircuitOpenError(
                f"provider {circuit} does not answer; it is tried again in {left_s:.1f} s",
                retry_after=timedelta(seconds=left_s),
                tiers_elsewhere=tiers_elsewhere,
            )
        return ORDINARY

    async def _failed(self, circuit: str, token: str, retry_after: timedelta | None) -> None:
        opening = await self._told(self._circuits.fail(circuit, token, retry_after), Opening())
        if opening.wait:
            self._learn(circuit, opening.wait, failures=True)
        else:
            self._ask_again(circuit, failures=True)
        if opening.newly:
            wait_s = round(opening.wait.total_seconds(), 1)
            log.warning("circuit_opened", cooldown_s=wait_s, **{LogField.PROVIDER: circuit})

    async def _answered(self, circuit: str, token: str) -> None:
        """Writes only when there is something to forget."""
        known = self._known.get(circuit)
        if not token and (known is None or not known.failures):
            return
        closed = await self._told(self._circuits.answer(circuit, token), False)
        self._ask_again(circuit, failures=False)
        if closed:
            log.warning("circuit_closed", **{LogField.PROVIDER: circuit})

    def _learn(self, circuit: str, wait: timedelta, *, failures: bool) -> Known:
        now = self._clock()
        open_until = now + wait.total_seconds() if wait else 0.0
        self._known[circuit] = known = Known(now + FRESH_S, open_until, failures)
        return known

    def _ask_again(self, circuit: str, *, failures: bool) -> None:
        """The next call asks Redis: a call that began long ago says little about now."""
        self._known[circuit] = Known(self._clock(), 0.0, failures)

    async def _renew_forever(self, circuit: str, token: str) -> None:
        while True:
            await asyncio.sleep(PROBE_LEASE.total_seconds() / 3)
            await self._told(self._circuits.renew(circuit, token, PROBE_LEASE), None)

    async def _told(self, question: Awaitable[T], otherwise: T) -> T:
        """What Redis says; `otherwise` while it is away."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await question
        except (RedisError, OSError) as error:
            log.warning("circuits_unknown", error=type(error).__name__)
            return otherwise


def circuit_name(provider: str, endpoint: Endpoint) -> str:
    """The provider's name, and the machine's when it is on loopback: there each machine has its own."""
    return f"{provider}@{socket.gethostname()}" if _on_loopback(endpoint) else provider


def _on_loopback(endpoint: Endpoint) -> bool:
    if endpoint.base_url is None:  # where the protocol's own server listens
        return endpoint.local
    host = urlsplit(endpoint.base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
