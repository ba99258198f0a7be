"""Two of everything, and steps cut in the middle."""

import pytest

from staffel.contracts.tasks import CeleryTask
from staffel.storage.hints import Hint, Level, envelope, list_name
from tests.faults.bench.bench import Bench
from tests.faults.bench.fleet import Shape
from tests.faults.bench.waits import outcomes, requests_seen, states, wait_until_running


@pytest.fixture
def shape() -> Shape:
    return Shape(controls=2)


def test_two_control_processes_at_once_double_nothing(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 20}})
    bench.submit(400)
    bench.submit(100, tier="std-3b")
    bench.until(lambda: bench.ended() == 500, 90, "all ended")
    assert requests_seen(bench) == 500
    assert outcomes(bench) == {"succeeded": 500}


def test_a_control_process_killed_again_and_again_leaves_nothing_behind(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 50}})
    bench.submit(300)
    for number in range(6):
        bench.until(lambda done=number: bench.ended() >= 40 * done, 60, "work goes on")
        bench.kill(bench.chance.choice(["control-1", "control-2"]))
    bench.recover(lambda: bench.ended() == 300, 60, "all ended")


def test_rows_stamped_by_a_dispatcher_that_died_before_its_push_are_dispatched_again(bench: Bench) -> None:
    """Its death between the commit and the push leaves rows that are stamped and have no hint."""
    bench.play({"action": {"delay_ms": 400}})
    bench.submit(60)
    wait_until_running(bench, 8)
    for level in Level:
        bench.redis.delete(list_name("fast-1.5b", level))
    bench.faults += 1
    bench.recover(lambda: bench.ended() == 60, 60, "all ended")


def test_a_publish_that_was_doubled_runs_every_job_once(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 50}})
    batch = bench.submit(100)
    for job_id in batch.job_ids:
        bench.faults += 1
        message = envelope(Hint(CeleryTask.RUN, "fast-1.5b", (job_id,)))
        bench.redis.lpush(list_name("fast-1.5b", Level.NORMAL), message, message)
    bench.until(lambda: bench.ended() == 100, 60, "all ended")
    assert requests_seen(bench) == 100


@pytest.mark.long
def test_a_classifier_that_dies_with_its_children_again_and_again_classifies_everything(bench: Bench) -> None:
    for number in range(8):
        bench.submit(150)
        if number % 2:
            bench.kill_children("classifier")
        else:
            bench.kill("classifier")
        bench.pause(0.3)
    bench.recover(lambda: bench.ended() == 1200, 90, "all ended")
    assert states(bench) == {"succeeded": 1200}
    assert bench.value("SELECT count(*) - count(DISTINCT job_id) FROM routing_decisions") == 0
