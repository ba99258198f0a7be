"""Circuits of providers in Redis, shared by all workers: who may call, and what came of it.

Every step is one script, so that it is decided in one place and by one clock, that of Redis. Everything
expires: a Redis that forgot, or a fleet that stopped asking, means closed circuits.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any, cast

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

KEY_PREFIX = "staffel:circuit:"

#: Without news for so long, failures and openings are forgotten.
FORGET_AFTER = timedelta(minutes=10)

NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

#: ARGV: token, lease of a probe, longest wait beside a probe. Takes the probe when it is due and free.
ENTER = f"""
local circuit = redis.call('HMGET', KEYS[1], 'failures', 'open_until', 'probe_until')
if not circuit[2] then return {{0, tonumber(circuit[1] or 0), 0}} end
{NOW}
local open_until, probe_until = tonumber(circuit[2]), tonumber(circuit[3] or 0)
if now < open_until then return {{1, 0, open_until - now}} end
if now < probe_until then return {{1, 0, math.min(probe_until - now, tonumber(ARGV[3]))}} end
redis.call('HSET', KEYS[1], 'probe', ARGV[1], 'probe_until', now + tonumber(ARGV[2]))
return {{2, 0, 0}}
"""

#: ARGV: token, failures that open, cooldown, its cap, the provider's wish, when to forget. Of the failures
#: that come in while the circuit is open only the probe's counts: the others began before it opened.
FAIL = f"""
{NOW}
local circuit = redis.call('HMGET', KEYS[1], 'open_until', 'probe', 'openings')
local wished = now + tonumber(ARGV[5])
local openings, open_until, newly = tonumber(circuit[3] or 0), tonumber(circuit[1] or 0), 0
local is_probe = circuit[2] and circuit[2] == ARGV[1]
if is_probe or (not circuit[1] and redis.call('HINCRBY', KEYS[1], 'failures', 1) >= tonumber(ARGV[2])) then
    local cooldown = math.min(tonumber(ARGV[4]), tonumber(ARGV[3]) * 2 ^ math.min(openings, 30))
    open_until, openings, newly = math.floor(now + cooldown), openings + 1, 1
    redis.call('HDEL', KEYS[1], 'probe', 'probe_until')
end
if open_until > now then
    open_until = math.max(open_until, wished)
    redis.call('HSET', KEYS[1], 'open_until', open_until, 'openings', openings)
end
redis.call('PEXPIRE', KEYS[1], math.max(open_until - now, 0) + tonumber(ARGV[6]))
return {{newly, math.max(open_until - now, 0)}}
"""

#: ARGV: token. An answer ends a row of failures; an open circuit is closed by its probe alone.
ANSWER = """
local circuit = redis.call('HMGET', KEYS[1], 'open_until', 'probe')
local closes = circuit[1] and circuit[2] and circuit[2] == ARGV[1]
if closes or not circuit[1] then redis.call('DEL', KEYS[1]) end
return closes and 1 or 0
"""

#: ARGV: token, lease; a lease of 0 gives the probe back.
RENEW = f"""
if redis.call('HGET', KEYS[1], 'probe') ~= ARGV[1] then return 0 end
{NOW}
redis.call('HSET', KEYS[1], 'probe_until', now + tonumber(ARGV[2]))
return 1
"""


class Passage(IntEnum):
    """Whether a call may be made; a probe is the one call that tries whether the provider is back."""

    FREE = 0
    CLOSED_OFF = 1
    PROBE = 2


@dataclass(frozen=True, slots=True)
class Admission:
    """What a worker is told. `wait` says after which time to ask again."""

    passage: Passage
    failures: int = 0
    wait: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Opening:
    """What became of a failure: `newly` when it opened the circuit, `wait` until the next probe is due."""

    newly: bool = False
    wait: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class CircuitRules:
    """So many failures in a row open a circuit for `cooldown`; each failed probe doubles it, up to a cap."""

    failures: int
    cooldown: timedelta
    cooldown_cap: timedelta


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """A circuit that is not closed, for people to see. After `probe_in_s` the next job tries the provider."""

    circuit: str
    state: str
    probe_in_s: float
    openings: int


class Circuits:
    """Raises redis.exceptions.RedisError. A token names one probe; calls that are none have the token ''."""

    def __init__(self, redis: Redis, rules: CircuitRules) -> None:
        self._redis = redis
        self._rules = rules
        self._enter = redis.register_script(ENTER)
        self._fail = redis.register_script(FAIL)
        self._answer = redis.register_script(ANSWER)
        self._renew = redis.register_script(RENEW)

    async def enter(self, circuit: str, token: str, probe_lease: timedelta) -> Admission:
        """Asks for one call; the token becomes that of the probe if one is due and nobody has it."""
        arguments = (token, _ms(probe_lease), _ms(self._rules.cooldown))
        passage, failures, wait_ms = await self._run(self._enter, circuit, *arguments)
        return Admission(Passage(passage), failures, timedelta(milliseconds=wait_ms))

    async def fail(self, circuit: str, token: str, retry_after: timedelta | None) -> Opening:
        """Tells of a transient failure; `retry_after` is the provider's own wish."""
        rules = self._rules
        newly, wait_ms = await self._run(
            self._fail,
            circuit,
            token,
            rules.failures,
            _ms(rules.cooldown),
            _ms(rules.cooldown_cap),
            _ms(retry_after or timedelta()),
            _ms(FORGET_AFTER),
        )
        return Opening(bool(newly), timedelta(milliseconds=wait_ms))

    async def answer(self, circuit: str, token: str) -> bool:
        """Tells that the provider answered; True when that closed the circuit."""
        return bool(await self._run(self._answer, circuit, token))

    async def renew(self, circuit: str, token: str, probe_lease: timedelta) -> None:
        """Keeps the probe."""
        await self._run(self._renew, circuit, token, _ms(probe_lease))

    async def give_back(self, circuit: str, token: str) -> None:
        """The probe ended and nothing was learned: the next call may be one."""
        await self._run(self._renew, circuit, token, 0)

    async def _run(self, script: AsyncScript, circuit: str, *arguments: str | int) -> Any:
        return await cast("Awaitable[Any]", script(keys=[KEY_PREFIX + circuit], args=arguments))


async def open_circuits(redis: Redis) -> list[OpenCircuit]:
    """All circuits that are not closed, by name."""
    seconds, micros = await redis.time()
    now_ms = seconds * 1000 + micros / 1000
    found = []
    async for key in redis.scan_iter(match=f"{KEY_PREFIX}*", count=1000):
        until, openings = await cast("Awaitable[list[Any]]", redis.hmget(key, ["open_until", "openings"]))
        if until is not None:
            left_s = max(0.0, (float(until) - now_ms) / 1000)
            name = (key.decode() if isinstance(key, bytes) else key).removeprefix(KEY_PREFIX)
            found.append(OpenCircuit(name, "open" if left_s else "half-open", left_s, int(openings)))
    return sorted(found, key=lambda each: each.circuit)


def _ms(time: timedelta) -> int:
    return round(time / timedelta(milliseconds=1))
