"""What others, or nobody sane, put into the queues."""

import base64
import json
from uuid import UUID, uuid4

import pytest

from staffel.contracts.tasks import CeleryTask
from staffel.storage.hints import Hint, Level, envelope, list_name
from tests.faults.bench.bench import Bench
from tests.faults.bench.waits import outcomes, requests_seen, states

FAST = list_name("fast-1.5b", Level.NORMAL)


def hint(job_id: UUID, queue: str = "fast-1.5b", task: CeleryTask = CeleryTask.RUN) -> bytes:
    return envelope(Hint(task, queue, (job_id,)))


def altered(message: bytes, **changes: object) -> bytes:
    return json.dumps(json.loads(message) | changes).encode()


def push(bench: Bench, *messages: bytes, name: str = FAST) -> None:
    bench.faults += len(messages)
    bench.redis.lpush(name, *messages)


def worked_off(bench: Bench, name: str = FAST) -> None:
    bench.until(lambda: not bench.redis.llen(name), 30, "the queue is empty")


@pytest.mark.parametrize(
    "message",
    [
        b"\x00\xff this is no JSON",
        b"{}",
        b'{"body": "W10=", "headers": {}}',
        altered(hint(uuid4()), properties={}),
        altered(hint(uuid4()), headers={"task": "os.system", "id": "1"}),
        altered(hint(uuid4()), **{"content-type": "application/x-python-serialize"}),
        altered(hint(uuid4()), body="W1tb"),
        altered(hint(uuid4()), body=base64.b64encode(b"x" * 10_000_000).decode()),
        altered(hint(uuid4()), body=base64.b64encode(b'[[["not-an-id"]], {}, {}]').decode()),
    ],
    ids=[
        "no JSON",
        "empty",
        "no properties",
        "no tag",
        "unknown task",
        "pickle",
        "truncated",
        "10 MB",
        "no id",
    ],
)
def test_a_broken_message_hurts_nobody(bench: Bench, message: bytes) -> None:
    push(bench, message, message)
    batch = bench.submit(20)
    bench.recover(lambda: bench.ended() == len(batch.job_ids), 40, "the jobs around it end")
    worked_off(bench)
    assert states(bench) == {"succeeded": 20}


def test_hints_for_jobs_that_do_not_exist_or_have_ended_change_nothing(bench: Bench) -> None:
    batch = bench.submit(5)
    bench.until(lambda: bench.ended() == 5, 30, "all ended")
    seen = requests_seen(bench)
    push(bench, *(hint(job_id) for job_id in batch.job_ids), *(hint(uuid4()) for _ in range(20)))
    worked_off(bench)
    assert requests_seen(bench) == seen
    assert outcomes(bench) == {"succeeded": 5}


def test_the_same_hint_a_thousand_times_runs_the_job_once(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 500}})
    batch = bench.submit(1)
    push(bench, *(hint(batch.job_ids[0]) for _ in range(1000)))
    bench.until(lambda: bench.ended() == 1, 30, "it ended")
    worked_off(bench)
    assert requests_seen(bench) == 1


def test_a_stale_hint_does_not_run_a_job_that_is_elsewhere_waits_or_is_cancelled(bench: Bench) -> None:
    bench.play({"action": {"status": 503, "retry_after": 30}})
    elsewhere, cancelled = bench.submit(3, tier="std-3b"), bench.submit(3)
    bench.until(lambda: outcomes(bench).get("retried", 0) == 6, 30, "all wait for their next try")
    bench.cancel(*cancelled.job_ids)
    bench.play()
    seen = requests_seen(bench)
    push(bench, *(hint(job_id) for job_id in (*elsewhere.job_ids, *cancelled.job_ids)))
    push(bench, *(hint(i, "std-3b") for i in elsewhere.job_ids), name=list_name("std-3b", Level.NORMAL))
    worked_off(bench)
    worked_off(bench, list_name("std-3b", Level.NORMAL))
    assert requests_seen(bench) == seen
    bench.let_waiting_jobs_run()


def test_a_restricted_job_hinted_into_the_cloud_queue_stays_in_the_house(bench: Bench) -> None:
    bench.play({"action": {"status": 503, "retry_after": 30}})
    batch = bench.submit(3, data_class="restricted")
    bench.until(lambda: outcomes(bench).get("retried", 0) == 3, 30, "they wait for their next try")
    cloud = list_name("cloud-premium", Level.NORMAL)
    push(bench, *(hint(job_id, "cloud-premium") for job_id in batch.job_ids), name=cloud)
    push(bench, *(hint(i, "cloud-premium", CeleryTask.RUN_ALONE) for i in batch.job_ids), name=cloud)
    worked_off(bench, cloud)
    assert {entry["protocol"] for entry in bench.ledger()} == {"ollama"}
    bench.let_waiting_jobs_run()
