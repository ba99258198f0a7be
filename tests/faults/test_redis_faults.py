"""Redis that dies, forgets, freezes and fills up, with work in flight."""

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.waits import goes_on, under_way


def test_redis_killed_and_started_again_loses_no_job(bench: Bench) -> None:
    before = under_way(bench)
    bench.kill_server("redis")
    bench.start_server("redis")
    goes_on(bench, before)


def test_redis_killed_without_its_file_loses_every_hint_and_no_job(bench: Bench) -> None:
    before = under_way(bench)
    bench.kill_server("redis")
    bench.forget_redis_file()
    bench.start_server("redis")
    goes_on(bench, before)


def test_redis_restarted_four_times_in_a_row_loses_no_job(bench: Bench) -> None:
    before = under_way(bench)
    for _ in range(4):
        bench.kill_server("redis")
        bench.start_server("redis")
    goes_on(bench, before)


@pytest.mark.parametrize("seconds", [4, pytest.param(20, marks=pytest.mark.long)])
def test_redis_frozen_for_a_while_loses_no_job(bench: Bench, seconds: int) -> None:
    before = under_way(bench)
    bench.freeze_server("redis", seconds)
    goes_on(bench, before)


def test_redis_that_cuts_all_clients_loses_no_job(bench: Bench) -> None:
    before = under_way(bench)
    for kind in ("normal", "pubsub"):
        bench.faults += 1
        bench.redis.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    goes_on(bench, before)


def test_redis_flushed_loses_every_hint_and_no_job(bench: Bench) -> None:
    before = under_way(bench)
    bench.faults += 1
    bench.redis.flushall()
    goes_on(bench, before)


def test_redis_out_of_memory_stops_the_hints_and_loses_no_job(bench: Bench) -> None:
    before = under_way(bench)
    bench.faults += 1
    used = int(bench.redis.info("memory")["used_memory"])
    bench.redis.config_set("maxmemory", max(1, used // 2))
    bench.until(lambda: bench.ended() > before, 20, "what was dispatched ends")
    bench.pause(3)
    bench.redis.config_set("maxmemory", 0)
    goes_on(bench, bench.ended())


def test_a_worker_survives_a_broker_that_dies_while_it_works(bench: Bench) -> None:
    """kombu 5.7 ends a worker whose broker dies while it holds unacknowledged messages: ours holds none."""
    under_way(bench)
    pids = {name: bench.programs[name].child.pid for name in bench.workers()}
    bench.kill_server("redis")
    bench.pause(2)
    bench.start_server("redis")
    bench.until(lambda: bench.ended() == 200, 60, "all jobs ended")
    assert {name: bench.programs[name].child.pid for name in bench.workers()} == pids
