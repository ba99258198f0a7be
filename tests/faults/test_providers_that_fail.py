"""Providers that refuse, hang, break off and talk nonsense."""

import pytest

from tests.faults.bench.bench import Bench
from tests.faults.bench.waits import outcomes, requests_seen, states, wait_until_running

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
    attempts = sum(outcomes(bench).values())
    assert requests_seen(bench) == attempts  # one request an attempt: no retry hides in an SDK


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


def test_a_provider_that_never_recovers_ends_in_a_dead_job_with_its_reason(bench: Bench) -> None:
    bench.play({"action": {"status": 503}})
    bench.submit(3, tier="std-3b")
    bench.faults += 1
    bench.until(lambda: not bench.open()["jobs"], 90, "all ended")
    assert states(bench) == {"dead": 3}
    assert bench.rows("SELECT DISTINCT error_code FROM jobs") == [{"error_code": "provider_overloaded"}]


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
