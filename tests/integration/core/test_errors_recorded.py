"""What errors of providers, limits and faults of our own lead to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from staffel.contracts.errors import (
    ContextExceededError,
    ProviderOverloadedError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
)
from staffel.contracts.states import CallPurpose, CallState
from staffel.contracts.tiers import Tier
from staffel.fleet.prices import TokenUsage
from tests.support.fake_provider import Hang, fails, says
from tests.support.fleet import FLEET, Bench
from tests.support.logging import logs_to_stderr
from tests.support.servers import Servers
from workers.claims import Answer
from workers.executor.calls import CallRecord
from workers.executor.recorder import Recorder
from workers.outcomes import Succeeded
from workers.providers.errors import ContextLengthRejectedError

CLOUD = {"tier": "cloud-premium"}
SCHEMA = {"type": "object", "required": ["a"]}


async def test_without_a_key_another_tier_answers_and_both_rows_say_why(servers: Servers) -> None:
    only_with_key = FLEET.replace(', "own"]', "]")
    bench = Bench(servers, keys={}, fleet_text=only_with_key)
    job_id = await bench.queued(**CLOUD)
    await bench.pump()
    job, (result,) = bench.job(job_id), bench.of_job("results", job_id)
    assert (job["state"], result["tier"]) == ("succeeded", "adv-7b")
    assert job["degraded_reason"] == result["degraded_reason"] == "cloud-premium: no key in CLOUD_KEY"
    first, _ = bench.of_job("attempts", job_id)
    assert (first["outcome"], first["error_code"]) == ("fell_back", "provider_unauthorized")
    assert len(bench.of_job("calls", job_id)) == 1
    await bench.close()


async def test_a_job_that_waits_for_an_open_circuit_asks_nobody_pays_nothing_and_is_not_charged(
    servers: Servers,
) -> None:
    bench = Bench(servers, breaker_failures=1, breaker_cooldown_s=100, breaker_cooldown_cap_s=100)
    bench.provider.plays(fails(ProviderUnavailableError("gone")))
    first, second = [await bench.queued(strategy="fixed", tier="fast-1.5b") for _ in range(2)]
    await bench.run(first)
    await bench.run(second)
    job, (attempt,), (call,) = (
        bench.job(second),
        bench.of_job("attempts", second),
        bench.of_job("calls", second),
    )
    assert len(bench.provider.asked) == 1
    assert (job["state"], job["transient_failures"], job["tier"]) == ("queued", 0, "fast-1.5b")
    assert timedelta(seconds=90) < job["run_at"] - attempt["finished_at"] < timedelta(seconds=102)
    assert (attempt["outcome"], attempt["error_code"]) == ("retried", "circuit_open")
    assert (call["state"], call["error_code"]) == ("unsent", "circuit_open")
    assert not bench.of_job("costs", second)
    await bench.close()


async def test_while_a_circuit_is_open_a_job_that_may_ends_on_another_tier(servers: Servers) -> None:
    bench = Bench(servers, breaker_failures=1, breaker_cooldown_s=100, breaker_cooldown_cap_s=100)
    bench.provider.plays(fails(ProviderUnavailableError("gone")))
    fixed, free = await bench.queued(**CLOUD, strategy="fixed"), await bench.queued(**CLOUD)
    await bench.run(fixed)
    await bench.run(free)
    await bench.run(free)
    job, (result,) = bench.job(free), bench.of_job("results", free)
    assert (job["state"], result["tier"]) == ("succeeded", "adv-7b")
    assert job["degraded_reason"].startswith("cloud-premium: provider anthropic does not answer")
    await bench.close()


async def test_a_refused_key_falls_back_and_costs_nothing(bench: Bench) -> None:
    bench.provider.plays(fails(ProviderUnauthorizedError()))
    job_id = await bench.queued(**CLOUD)
    await bench.run(job_id)
    job, (call,), (cost,) = bench.job(job_id), bench.of_job("calls", job_id), bench.of_job("costs", job_id)
    assert (job["tier"], call["state"]) == ("adv-7b", "refused")
    assert (cost["amount_usd"], cost["estimated"]) == (Decimal(0), False)


async def test_a_transient_error_is_tried_again_after_a_backoff(servers: Servers) -> None:
    bench = Bench(servers, backoff_base_s=100.0)
    bench.provider.plays(fails(ProviderUnavailableError("gone")))
    job_id = await bench.queued()
    await bench.run(job_id)
    job, (attempt,) = bench.job(job_id), bench.of_job("attempts", job_id)
    assert (job["state"], job["transient_failures"], job["tier"]) == ("queued", 1, "fast-1.5b")
    assert timedelta() <= job["run_at"] - attempt["finished_at"] <= timedelta(seconds=100)
    assert job["dispatched_at"] is None
    assert (attempt["outcome"], attempt["error_code"], attempt["error_message"]) == (
        "retried",
        "provider_unavailable",
        "gone",
    )
    assert bench.of_job("calls", job_id)[0]["state"] == "lost"
    assert bench.of_job("costs", job_id)[0]["estimated"]
    await bench.close()


async def test_what_the_provider_asks_to_wait_is_kept(bench: Bench) -> None:
    hour = timedelta(hours=1)
    bench.provider.plays(fails(ProviderOverloadedError(retry_after=hour)))
    job_id = await bench.queued()
    await bench.run(job_id)
    job, (attempt,) = bench.job(job_id), bench.of_job("attempts", job_id)
    assert hour <= job["run_at"] - attempt["finished_at"] <= hour + timedelta(seconds=1)
    assert bench.of_job("calls", job_id)[0]["state"] == "refused"
    bench.pop(Tier.FAST)
    await bench.top_up()
    assert bench.pop(Tier.FAST) == []


async def exhaust(bench: Bench, **fields: Any) -> Any:
    """Runs a job whose tier is down until its counter there is used up; its row."""
    job_id = await bench.queued(**fields)
    for _ in range(bench.settings.max_transient_failures + 1):
        bench.provider.plays(fails(ProviderUnavailableError("down")))
        bench.meddle("UPDATE jobs SET run_at = now()")
        await bench.run(job_id)
    return bench.job(job_id)


async def test_an_exhausted_counter_falls_back_to_another_tier(servers: Servers) -> None:
    bench = Bench(servers, max_transient_failures=2)
    job = await exhaust(bench)
    assert (job["state"], job["tier"], job["transient_failures"]) == ("queued", "std-3b", 0)
    assert job["degraded_reason"] == "fast-1.5b: down"
    await bench.close()


async def test_an_exhausted_counter_without_another_tier_is_dead(servers: Servers) -> None:
    bench = Bench(servers, max_transient_failures=2)
    job = await exhaust(bench, strategy="fixed")
    assert (job["state"], job["error_code"], job["transient_failures"]) == ("dead", "provider_unavailable", 2)
    assert [a["outcome"] for a in bench.of_job("attempts", job["id"])] == ["retried", "retried", "dead"]
    await bench.close()


async def test_a_permanent_error_fails_the_job(bench: Bench) -> None:
    bench.provider.plays(fails(ProviderRejectedError("HTTP 400: no")))
    batch_id, (job_id,) = await bench.batch(1)
    await bench.run(job_id)
    job = bench.job(job_id)
    assert (job["state"], job["error_code"], job["error_message"]) == (
        "failed",
        "provider_rejected",
        "HTTP 400: no",
    )
    assert bench.of_job("calls", job_id)[0]["state"] == "refused"
    assert bench.one("SELECT finished_at FROM batches WHERE id = :id", id=batch_id)["finished_at"]


@pytest.mark.parametrize(
    "error",
    [ContextExceededError(needed_tokens=9, available_tokens=8), ContextLengthRejectedError("too long")],
)
async def test_a_prompt_that_a_models_context_does_not_hold_escalates(bench: Bench, error: Exception) -> None:
    bench.provider.plays(fails(error))
    job_id = await bench.queued()
    await bench.run(job_id)
    assert (bench.job(job_id)["state"], bench.job(job_id)["tier"]) == ("queued", "std-3b")


async def test_a_cost_limit_refuses_before_anything_is_sent(bench: Bench) -> None:
    job_id = await bench.queued(**CLOUD, strategy="fixed", max_cost_usd="1", metadata={"x": "y"})
    bench.meddle("UPDATE jobs SET max_cost_usd = 0.000001")
    await bench.run(job_id)
    job, (call,) = bench.job(job_id), bench.of_job("calls", job_id)
    assert (job["state"], job["error_code"], call["state"]) == ("failed", "max_cost_usd", "unsent")
    assert bench.of_job("costs", job_id) == []
    assert bench.provider.asked == []


async def test_a_repair_that_could_break_the_cost_limit_is_not_made(bench: Bench) -> None:
    bench.provider.plays(says("no json", usage=TokenUsage(1_000, 512)))
    job_id = await bench.queued(
        **CLOUD, strategy="fixed", max_cost_usd="0.012", options={"json_schema": SCHEMA}, task="extract"
    )
    await bench.run(job_id)
    assert len(bench.provider.asked) == 1
    assert [call["state"] for call in bench.of_job("calls", job_id)] == ["answered", "unsent"]
    assert sum(cost["amount_usd"] for cost in bench.of_job("costs", job_id)) <= Decimal("0.012")
    (result,) = bench.of_job("results", job_id)
    assert (result["text"], result["unverified"]) == ("no json", True)


async def test_a_deadline_that_passes_in_the_call_fails_the_job_and_books_an_estimate(bench: Bench) -> None:
    hang = Hang()
    bench.provider.plays(hang)
    job_id = await bench.queued(deadline=datetime.now(UTC) + timedelta(seconds=0.4))
    await bench.run(job_id)
    job, (call,), (cost,) = bench.job(job_id), bench.of_job("calls", job_id), bench.of_job("costs", job_id)
    assert hang.cancelled.is_set()
    assert (job["state"], job["error_code"]) == ("failed", "deadline_exceeded")
    assert (call["state"], cost["estimated"], cost["output_tokens"]) == ("lost", True, 512)


async def test_a_fault_of_our_own_fails_the_job_and_logs_a_traceback_without_the_prompt(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.provider.plays(fails(ZeroDivisionError("broken invariant")))
    job_id = await bench.queued("My secret is 4711.")
    with logs_to_stderr():
        await bench.run(job_id)
    job = bench.job(job_id)
    assert (job["state"], job["error_code"]) == ("failed", "internal_error")
    assert job["error_message"] == "An error in staffel itself."
    logged = "".join(capsys.readouterr())
    assert "ZeroDivisionError" in logged
    assert "secret" not in logged
    assert bench.of_job("calls", job_id)[0]["state"] == "lost"


async def test_a_timeout_that_is_not_the_deadlines_is_a_fault_of_our_own(bench: Bench) -> None:
    bench.provider.plays(fails(TimeoutError()))
    job_id = await bench.queued()
    await bench.run(job_id)
    assert bench.job(job_id)["error_code"] == "internal_error"


async def test_a_better_tier_that_cannot_answer_keeps_the_answer_of_a_cheaper_one(bench: Bench) -> None:
    bench.provider.plays(
        says("{}", usage=None), says("{}"), fails(ProviderRejectedError("HTTP 400: no such thing"))
    )
    job_id = await bench.queued(task="extract", options={"json_schema": SCHEMA})
    await bench.pump()
    job, (result,) = bench.job(job_id), bench.of_job("results", job_id)
    assert (job["state"], result["text"], result["unverified"]) == ("succeeded", "{}", True)
    assert result["degraded_reason"] == "std-3b: HTTP 400: no such thing"


async def test_an_outcome_recorded_twice_changes_nothing_more(bench: Bench) -> None:
    """As when the connection breaks after the commit and before its confirmation."""
    job_id = await bench.queued()
    claim = await bench.claimed(job_id)
    recorder = Recorder(bench.database, bench.fleet, "fast")
    answer = Answer("Yes.", "stop", "small", claim.tier, claim.attempt)
    call = CallRecord(claim.call_id, CallPurpose.ANSWER, "house", "small", 9, 9, CallState.ANSWERED)
    first = await recorder.record(claim, Succeeded(answer), [call])
    again = await recorder.record(claim, Succeeded(answer), [call])
    assert (first.held, first.terminal, again.held) == (True, True, False)
    assert bench.count("costs") == bench.count("results") == 1
    assert bench.of_job("attempts", job_id)[0]["outcome"] == "succeeded"
