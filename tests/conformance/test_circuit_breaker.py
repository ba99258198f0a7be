"""Two workers share the circuits of a real Redis."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from redis.asyncio import Redis

from staffel.contracts.errors import (
    CircuitOpenError,
    ProviderOverloadedError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
    StaffelError,
)
from staffel.contracts.tiers import Tier
from staffel.storage.broker import connect_redis
from staffel.storage.circuits import KEY_PREFIX, CircuitRules, Circuits, open_circuits
from tests.support.servers import Servers
from workers.providers.breaker import FRESH_S, CircuitBreaker, circuit_name
from workers.providers.seam import Endpoint

RULES = CircuitRules(3, timedelta(seconds=10), timedelta(seconds=35))
ELSEWHERE = frozenset({Tier.ADV})
NAME = "house"
KEY = KEY_PREFIX + NAME


class Clock:
    """The workers' own clock."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Fleet:
    """Two workers, and a hand on both clocks: theirs, and by way of the stored moments that of Redis."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.clock = Clock()
        self.one, self.other = (CircuitBreaker(Circuits(redis, RULES), self.clock) for _ in range(2))

    async def pass_time(self, seconds: float) -> None:
        self.clock.now_s += seconds
        for moment in ("open_until", "probe_until"):
            if await self.redis.hexists(KEY, moment):
                await self.redis.hincrby(KEY, moment, round(-seconds * 1000))

    async def open(self) -> None:
        for _ in range(RULES.failures):
            await fail(self.one)
        await self.pass_time(FRESH_S)

    async def wait_s(self) -> float:
        """How long a worker that has not asked before is told to wait; 0 when it may call."""
        try:
            async with CircuitBreaker(Circuits(self.redis, RULES), self.clock).call(NAME, ELSEWHERE):
                raise ProviderRejectedError("ends as an answer")
        except CircuitOpenError as error:
            return (error.retry_after or timedelta()).total_seconds()
        except ProviderRejectedError:
            return 0.0

    async def commands(self, work: Callable[[], Awaitable[None]]) -> int:
        """How many round trips of ours Redis sees meanwhile: each is one EVALSHA."""
        await self.redis.config_resetstat()
        await work()
        stats = await self.redis.info("commandstats")
        return int(stats.get("cmdstat_evalsha", {"calls": 0})["calls"])


@pytest.fixture
async def fleet(servers: Servers) -> AsyncIterator[Fleet]:
    redis = connect_redis(servers.redis_url)
    yield Fleet(redis)
    await redis.aclose()


async def call(breaker: CircuitBreaker, error: Exception | None = None) -> None:
    async with breaker.call(NAME, ELSEWHERE):
        if error is not None:
            raise error


async def fail(breaker: CircuitBreaker, retry_after: timedelta | None = None) -> None:
    with pytest.raises(ProviderOverloadedError):
        await call(breaker, ProviderOverloadedError("no", retry_after=retry_after))


async def refused(breaker: CircuitBreaker) -> bool:
    try:
        await call(breaker)
    except CircuitOpenError:
        return True
    return False


async def hold(breaker: CircuitBreaker, began: asyncio.Event) -> None:
    async with breaker.call(NAME, ELSEWHERE):
        began.set()
        await asyncio.Event().wait()


async def test_failures_in_a_row_of_all_workers_open_the_circuit_for_all(fleet: Fleet) -> None:
    for breaker in (fleet.one, fleet.other, fleet.one):
        await fail(breaker)
    assert await refused(fleet.one)
    await fleet.pass_time(FRESH_S)
    assert await refused(fleet.other)
    assert 8 < await fleet.wait_s() <= 10


async def test_the_refusal_says_when_to_try_again_and_which_tiers_need_another_provider(fleet: Fleet) -> None:
    await fleet.open()
    with pytest.raises(CircuitOpenError, match=f"provider {NAME} does not answer") as caught:
        await call(fleet.one)
    assert caught.value.tiers_elsewhere == ELSEWHERE
    assert caught.value.retry_after is not None
    assert timedelta(seconds=8) < caught.value.retry_after <= timedelta(seconds=10)


@pytest.mark.parametrize("answer", [None, ProviderRejectedError("no"), ProviderUnauthorizedError("no")])
async def test_an_answer_between_failures_keeps_the_circuit_closed(
    fleet: Fleet, answer: StaffelError | None
) -> None:
    for _ in range(4):
        for _ in range(RULES.failures - 1):
            await fail(fleet.one)
        with suppress(ProviderRejectedError, ProviderUnauthorizedError):
            await call(fleet.one, answer)
    assert await fleet.wait_s() == 0


async def test_an_answer_to_another_worker_ends_the_row_of_failures_within_a_second(fleet: Fleet) -> None:
    await call(fleet.other)
    for _ in range(RULES.failures - 1):
        await fail(fleet.one)
    await fleet.pass_time(FRESH_S)
    await call(fleet.other)
    await fail(fleet.one)
    assert await fleet.wait_s() == 0


async def test_calls_that_were_stopped_from_outside_count_neither_way(fleet: Fleet) -> None:
    for _ in range(RULES.failures + 1):
        began = asyncio.Event()
        task = asyncio.create_task(hold(fleet.one, began))
        await began.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not await fleet.redis.exists(KEY)


async def test_after_the_cooldown_one_call_at_a_time_probes_and_its_answer_closes(fleet: Fleet) -> None:
    await fleet.open()
    await fleet.pass_time(10)
    probing, go_on = asyncio.Event(), asyncio.Event()

    async def probe() -> None:
        async with fleet.one.call(NAME, ELSEWHERE):
            probing.set()
            await go_on.wait()

    task = asyncio.create_task(probe())
    await probing.wait()
    assert [await refused(breaker) for breaker in (fleet.one, fleet.other)] == [True, True]
    go_on.set()
    await task
    assert not await fleet.redis.exists(KEY)
    await fleet.pass_time(FRESH_S)
    assert [await refused(breaker) for breaker in (fleet.one, fleet.other)] == [False, False]


async def test_of_many_calls_at_once_after_the_cooldown_one_is_sent(fleet: Fleet) -> None:
    await fleet.open()
    await fleet.pass_time(10)
    began = asyncio.Event()
    tasks = [
        asyncio.create_task(hold(breaker, began)) for breaker in (fleet.one, fleet.other) for _ in range(20)
    ]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.ALL_COMPLETED, timeout=1)
    assert (len(done), len(pending)) == (39, 1)
    assert all(isinstance(task.exception(), CircuitOpenError) for task in done)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


async def test_failed_probes_double_the_cooldown_up_to_its_cap_and_an_answer_resets_it(fleet: Fleet) -> None:
    await fleet.open()
    waits = []
    for _ in range(4):
        waits.append(await fleet.wait_s())
        await fleet.pass_time(waits[-1] + FRESH_S)
        await fail(fleet.other)
    waits.append(await fleet.wait_s())
    assert [round(wait) for wait in waits[1:]] == [20, 35, 35, 35]
    assert all(later >= earlier for earlier, later in pairwise(waits[:3]))
    await fleet.pass_time(40)
    await call(fleet.other)
    await fleet.open()
    assert await fleet.wait_s() <= 10


async def test_a_circuit_stays_open_at_least_as_long_as_the_provider_asks(fleet: Fleet) -> None:
    for _ in range(RULES.failures):
        await fail(fleet.one, timedelta(seconds=60))
    assert 58 < await fleet.wait_s() <= 60


async def test_a_late_failure_of_a_call_that_began_before_neither_prolongs_nor_reopens(fleet: Fleet) -> None:
    late = [fleet.other.call(NAME, ELSEWHERE) for _ in range(3)]
    for each in late:
        await each.__aenter__()
    await fleet.open()
    before = await fleet.redis.hgetall(KEY)
    for each in late[:2]:
        error = ProviderUnavailableError("late")
        await each.__aexit__(type(error), error, None)
    assert await fleet.redis.hgetall(KEY) == before
    await late[2].__aexit__(None, None, None)
    assert await fleet.redis.hgetall(KEY) == before, "a late answer does not close it either"


async def test_a_probe_that_is_cancelled_leaves_its_place_to_the_next(fleet: Fleet) -> None:
    await fleet.open()
    await fleet.pass_time(10)
    began = asyncio.Event()
    task = asyncio.create_task(hold(fleet.one, began))
    await began.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not await refused(fleet.other)


async def test_a_probe_whose_worker_died_is_free_after_its_lease(fleet: Fleet) -> None:
    await fleet.open()
    await fleet.pass_time(10)
    circuits = Circuits(fleet.redis, RULES)
    await circuits.enter(NAME, "dead", timedelta(seconds=6))
    assert await fleet.wait_s() > 0
    await fleet.pass_time(6)
    assert await fleet.wait_s() == 0


async def test_a_redis_that_forgot_means_closed_circuits(fleet: Fleet) -> None:
    await fleet.open()
    await fleet.redis.flushall()
    await fleet.pass_time(FRESH_S)
    assert not await refused(fleet.one)
    await fail(fleet.one)
    assert 0 < await fleet.redis.ttl(KEY) <= 600


async def test_while_redis_is_away_every_call_goes_through() -> None:
    nowhere = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    breaker = CircuitBreaker(Circuits(nowhere, RULES))
    for _ in range(RULES.failures + 2):
        await fail(breaker)
    await call(breaker)
    await nowhere.aclose()


async def test_a_healthy_provider_costs_one_round_trip_a_second(fleet: Fleet) -> None:
    await call(fleet.one)
    await fleet.pass_time(FRESH_S)

    async def many_calls() -> None:
        for _ in range(1000):
            await call(fleet.one)

    assert await fleet.commands(many_calls) == 1


def at(base_url: str | None, *, local: bool) -> str:
    return circuit_name("house", Endpoint(base_url, None, local))


def test_a_provider_on_loopback_has_a_circuit_a_machine_and_any_other_one_for_all() -> None:
    own = f"house@{socket.gethostname()}"
    assert at("http://127.0.0.1:8080/v1", local=True) == at("http://localhost:1/v1", local=False) == own
    assert at(None, local=True) == at("http://[::1]:1", local=True) == own
    assert at(None, local=False) == at("http://10.0.0.7:8000/v1", local=True) == "house"


async def test_open_circuits_are_listed_for_people(fleet: Fleet) -> None:
    await fail(fleet.one)
    assert await open_circuits(fleet.redis) == []
    await call(fleet.one)
    await fleet.open()
    (circuit,) = await open_circuits(fleet.redis)
    assert (circuit.circuit, circuit.state, circuit.openings) == (NAME, "open", 1)
    assert 8 < circuit.probe_in_s <= 10
    await fleet.pass_time(10)
    (circuit,) = await open_circuits(fleet.redis)
    assert (circuit.state, circuit.probe_in_s) == ("half-open", 0)
