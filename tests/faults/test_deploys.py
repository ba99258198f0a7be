"""Old and new programs side by side."""

import pytest
from sqlalchemy import text

from staffel.storage.hints import Level, list_name
from tests.faults.bench.bench import Bench
from tests.faults.bench.fleet import Shape
from tests.faults.bench.waits import states, wait_until_running


@pytest.fixture
def shape() -> Shape:
    return Shape(replicas={"fast": 2, "std": 1})


def test_an_expanding_migration_under_running_workers_loses_no_job(bench: Bench) -> None:
    """Expand first: programs of before go on working on a schema that has more."""
    bench.play({"action": {"delay_ms": 50}})
    bench.submit(300)
    wait_until_running(bench, 4)
    bench.faults += 1
    with bench.engine.begin() as migration:
        migration.execute(text("SET LOCAL lock_timeout = '3s'"))
        migration.execute(text("ALTER TABLE jobs ADD COLUMN expanded text"))
        migration.execute(text("ALTER TABLE calls ADD COLUMN expanded integer NOT NULL DEFAULT 0"))
    bench.recover(lambda: bench.ended() == 300, 60, "all ended")
    with bench.engine.begin() as migration:
        migration.execute(text("ALTER TABLE jobs DROP COLUMN expanded"))
        migration.execute(text("ALTER TABLE calls DROP COLUMN expanded"))
    bench.submit(50)
    bench.until(lambda: bench.ended() == 350, 60, "all ended")
    assert states(bench) == {"succeeded": 350}


def test_workers_replaced_one_by_one_by_larger_ones_lose_no_job(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 100}})
    bench.submit(400)
    wait_until_running(bench, 8)
    larger = bench.fleet_with(fast=12)
    for number in (1, 2):
        bench.retire(f"worker-fast-{number}")
        arguments = ("worker", "fast", "--replica", str(number))
        bench.start_program(f"worker-fast-{number}", *arguments, STAFFEL_FLEET_FILE=larger)
        bench.pause(2)
    bench.until(lambda: bench.ended() == 400, 60, "all ended")
    assert states(bench) == {"succeeded": 400}


def test_a_task_name_that_old_workers_do_not_know_loses_only_its_hint(bench: Bench) -> None:
    """A worker drops what it does not know; the job is dispatched again, in a way it does know."""
    bench.retire("worker-fast-1")
    bench.retire("worker-fast-2")
    bench.submit(20)
    waiting = list_name("fast-1.5b", Level.NORMAL)
    bench.until(lambda: bench.redis.llen(waiting) == 20, 20, "hints wait")
    known = bench.redis.lrange(waiting, 0, -1)
    bench.redis.delete(waiting)
    bench.redis.lpush(waiting, *(message.replace(b'"staffel.run"', b'"staffel.run_v9"') for message in known))
    bench.faults += 20
    for number in (1, 2):
        bench.start_program(f"worker-fast-{number}", "worker", "fast", "--replica", str(number))
    bench.recover(lambda: bench.ended() == 20, 60, "all ended")
