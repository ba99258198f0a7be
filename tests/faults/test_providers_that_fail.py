"""Providers that refuse, hang, break off and talk nonsense."""

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.waits import (
    calls_unsent,
    circuit_is_open,
    outcomes,
    requests_seen,
    states,
    wait_until_running,
)

TIERS = ("fast-1.5b", "std-3b", "cloud-premium")


@pytest.mark.parametrize(
    "action",
    [
        {"status": 500},
        {"status": 429, "retry_after": 1},
        {"reset": True},
        {"broken_json": True},
        {"delay_ms": 200, "reset": True},
    ],
    ids=["500", "429", "reset", "broken JSON", "late reset"],
)
def test_a_provider_that_fails_now_and_then_delays_and_loses_nothing(
    bench: Bench, action: dict[str, object]
) -> None:
    bench.play({"match": {"probability": 0.3}, "action": action}, {"action": {"delay_ms": 20}})
    for tier in TIERS:
        bench.submit(40, tier=tier)
    bench.faults += 1
    bench.recover(lambda: not bench.open()["jobs"], 90, "all ended")
    assert states(bench) == {"succeeded": 120}
    attempts_that_asked = sum(outcomes(bench).values()) - calls_unsent(bench)
    assert requests_seen(bench) == attempts_that_asked  # one request each: no retry hides in an SDK


def test_answers_without_usage_are_booked_as_estimates(bench: Bench) -> None:
    bench.play({"action": {"omit_usage": True}})
    bench.submit(20, tier="std-3b")
    bench.until(lambda: bench.ended() == 20, 30, "all ended")
    assert bench.value("SELECT count(*) FROM costs WHERE estimated") == 20


def test_a_provider_that_hangs_frees_the_slot_and_the_job_runs_again(bench: Bench) -> None:
    bench.play(
        {"match": {"nth": 1}, "action": {"hang": True}}, {"match": {"nth": 2}, "action": {"hang": True}}
    )
    bench.submit(10, tier="std-3b")
    bench.faults += 2
    bench.recover(lambda: bench.ended() == 10, 40, "all ended")
    assert outcomes(bench) == {"succeeded": 10, "retried": 2}


def test_a_provider_that_drips_is_cut_off_in_time(bench: Bench) -> None:
    bench.play({"match": {"nth": 1}, "action": {"drip_ms": 60_000}})
    bench.submit(1, tier="std-3b")
    bench.faults += 1
    bench.recover(lambda: bench.ended() == 1, 40, "it ended")


@pytest.mark.long
def test_a_provider_that_never_recovers_ends_in_a_dead_job_with_its_reason(bench: Bench) -> None:
    bench.play({"action": {"status": 503}})
    bench.submit(2, tier="std-3b")
    bench.faults += 1
    bench.until(lambda: not bench.open()["jobs"], 90, "all ended")
    assert states(bench) == {"dead": 2}
    assert requests_seen(bench) == 2 * (8 + 1)  # a job is charged for its own requests, not for waiting
    assert bench.rows("SELECT DISTINCT error_code FROM jobs") == [{"error_code": "provider_overloaded"}]


def test_a_provider_that_is_down_is_asked_by_one_probe_at_a_time(bench: Bench) -> None:
    bench.play({"match": {"protocol": "ollama"}, "action": {"status": 503}})
    bench.submit(100)
    bench.faults += 1
    bench.until(lambda: circuit_is_open(bench), 20, "the circuit is open")
    bench.until(lambda: calls_unsent(bench) >= 50, 30, "many were refused")
    before = requests_seen(bench)
    bench.pause(4)  # cooldowns of 0.5, 1, 2, 2, ... s
    assert requests_seen(bench) - before <= 5
    assert requests_seen(bench) < 60
    assert bench.value("SELECT max(transient_failures) FROM jobs") <= 8
    bench.play()
    bench.recover(lambda: bench.ended() == 100, 30, "it is used again")
    assert states(bench) == {"succeeded": 100}


def test_a_provider_that_comes_back_is_used_again(bench: Bench) -> None:
    bench.play({"match": {"protocol": "ollama"}, "action": {"reset": True}})
    bench.submit(20)
    bench.faults += 1
    bench.until(lambda: circuit_is_open(bench), 20, "the circuit is open")
    bench.play()
    bench.recover(lambda: bench.ended() == 20, 20, "it is used again")
    assert states(bench) == {"succeeded": 20}
    assert not circuit_is_open(bench)


def test_jobs_that_may_go_elsewhere_end_on_another_tier_while_the_circuit_is_open(bench: Bench) -> None:
    bench.play({"match": {"protocol": "anthropic"}, "action": {"status": 503}})
    bench.submit(30, tier="cloud-premium", strategy="auto")
    bench.faults += 1
    bench.until(lambda: bench.ended() == 30, 30, "all ended while the cloud is down")
    assert states(bench) == {"succeeded": 30}
    query = "SELECT count(*) FROM jobs WHERE tier = 'adv-7b' AND degraded_reason LIKE '%does not answer%'"
    assert bench.value(query) >= 20
    assert circuit_is_open(bench)


def test_a_key_that_is_refused_falls_back_to_a_tier_that_works(bench: Bench) -> None:
    bench.play({"match": {"protocol": "anthropic"}, "action": {"status": 401}})
    bench.submit(10, tier="cloud-premium", strategy="auto")
    bench.faults += 1
    bench.until(lambda: bench.ended() == 10, 40, "all ended")
    assert (
        bench.value("SELECT count(*) FROM jobs WHERE degraded_reason IS NOT NULL AND tier = 'adv-7b'") == 10
    )


def test_a_cancel_takes_effect_within_a_second(bench: Bench) -> None:
    bench.play({"action": {"hang": True}})
    batch = bench.submit(24)
    wait_until_running(bench, 12)
    bench.faults += 1
    bench.cancel(*batch.job_ids)
    took = bench.recover(lambda: bench.ended() == 24, 3, "all are cancelled")
    assert took < 3
    assert states(bench) == {"cancelled": 24}


def test_cancels_that_race_with_the_finish_end_every_job_once(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 100}})
    batch = bench.submit(200)
    wait_until_running(bench, 4)
    for job_id in batch.job_ids:
        bench.cancel(job_id)
    bench.until(lambda: bench.ended() == 200, 40, "all ended")
    assert set(states(bench)) <= {"succeeded", "cancelled"}


def test_a_deadline_that_passes_in_the_queue_or_in_the_call_fails_the_job(bench: Bench) -> None:
    bench.play({"action": {"delay_ms": 3000}})
    bench.submit(40, deadline=bench.in_seconds(4))
    bench.until(lambda: bench.ended() == 40, 40, "all ended")
    assert states(bench)["failed"] > 20
    assert {"error_code": "deadline_exceeded"} in bench.rows("SELECT DISTINCT error_code FROM jobs")
