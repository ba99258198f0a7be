"""What good and bad answers leave in the database."""

import json
from decimal import Decimal
from typing import Any

import pytest

from staffel.fleet.prices import TokenUsage
from tests.support.fake_provider import USAGE, says
from tests.support.fleet import TENANT, Bench
from workers.providers.seam import FinishReason

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number"}},
    "required": ["total"],
    "additionalProperties": False,
}
GOOD, BAD, BROKEN = '{"total": 3}', '{"sum": 3}', '{"total": '


def extraction(**fields: Any) -> dict[str, Any]:
    return {"task": "extract", "options": {"json_schema": SCHEMA}} | fields


async def test_a_success_leaves_every_row_right(bench: Bench) -> None:
    batch_id, (job_id,) = await bench.batch(1, metadata={"order": "7"})
    bench.provider.plays(says("Hello!"))
    await bench.run(job_id)
    job, (attempt,), (call,) = (
        bench.job(job_id),
        bench.of_job("attempts", job_id),
        bench.of_job("calls", job_id),
    )
    (result,), (cost,) = bench.of_job("results", job_id), bench.of_job("costs", job_id)
    assert (job["state"], job["lease_token"], job["lease_until"]) == ("succeeded", None, None)
    assert job["started_at"] <= job["finished_at"]
    assert (attempt["outcome"], attempt["answer"], attempt["score"]) == ("succeeded", "Hello!", 1.0)
    assert (call["state"], call["request_id"], call["latency_ms"] >= 0) == ("answered", "req-1", True)
    assert (result["text"], result["model"], result["provider"], result["tier"]) == (
        "Hello!",
        "small",
        "house",
        "fast-1.5b",
    )
    assert (result["unverified"], result["degraded_reason"], result["finish_reason"]) == (False, None, "stop")
    assert (cost["call_id"], cost["kind"], cost["estimated"]) == (call["id"], "booking", False)
    assert (cost["tenant_id"], cost["batch_id"], cost["task"]) == (TENANT, batch_id, "complete")
    assert (cost["input_tokens"], cost["output_tokens"]) == (USAGE.input_tokens, USAGE.output_tokens)
    expected = Decimal("0.36") * Decimal(repr(cost["slot_seconds"])) / 3600
    assert abs(cost["amount_usd"] - expected) <= Decimal("1e-9")
    assert cost["baseline_usd"] > 0
    assert len(bench.of_job("routing_decisions", job_id)) == 1
    assert bench.one("SELECT finished_at FROM batches")["finished_at"] is not None


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"task": "sentiment"}, {"sentiment": "positive"}),
        ({"task": "classify", "options": {"labels": ["bug", "wish"]}}, {"label": "wish"}),
        (extraction(), {"total": 3}),
    ],
)
async def test_tasks_with_a_schema_leave_data(bench: Bench, fields: dict[str, Any], answer: object) -> None:
    bench.provider.plays(says(json.dumps(answer)))
    job_id = await bench.queued("Works fine.", **fields)
    await bench.run(job_id)
    assert bench.of_job("results", job_id)[0]["data"] == answer
    assert bench.provider.asked[0][1].json_schema is not None


async def test_a_failed_check_escalates_to_the_next_tier_and_keeps_the_rank(bench: Bench) -> None:
    bench.provider.plays(says("  "))
    job_id = await bench.queued()
    before = bench.job(job_id)
    await bench.run(job_id)
    job, (attempt,) = bench.job(job_id), bench.of_job("attempts", job_id)
    assert (job["state"], job["tier"], job["escalations"]) == ("queued", "std-3b", 1)
    assert (job["rank_at"], job["degraded_reason"]) == (before["rank_at"], None)
    assert (attempt["outcome"], attempt["reason"]) == ("escalated", "checks failed: empty")
    await bench.pump()
    assert bench.of_job("results", job_id)[0]["tier"] == "std-3b"
    assert [row["outcome"] for row in bench.of_job("attempts", job_id)] == ["escalated", "succeeded"]


async def test_at_the_last_permitted_tier_the_best_answer_is_kept_unverified(bench: Bench) -> None:
    truncated = says(BROKEN, finish=FinishReason.LENGTH)
    bench.provider.plays(truncated, says(BAD, finish=FinishReason.LENGTH), truncated)
    job_id = await bench.queued(**extraction(data_class="restricted"))
    await bench.pump()
    (result,) = bench.of_job("results", job_id)
    assert bench.job(job_id)["state"] == "succeeded"
    assert (result["text"], result["unverified"], result["tier"], result["attempt"]) == (
        BAD,
        True,
        "std-3b",
        2,
    )
    assert result["failed_checks"] == ["schema", "truncated"]
    outcomes = [row["outcome"] for row in bench.of_job("attempts", job_id)]
    assert outcomes == ["escalated", "escalated", "succeeded"]


async def test_broken_json_is_repaired_once_with_a_call_and_a_cost_of_its_own(bench: Bench) -> None:
    bench.provider.plays(says(BROKEN), says(GOOD))
    job_id = await bench.queued(**extraction())
    await bench.run(job_id)
    calls, costs = bench.of_job("calls", job_id), bench.of_job("costs", job_id)
    assert [call["purpose"] for call in calls] == ["answer", "repair"]
    assert {cost["call_id"] for cost in costs} == {call["id"] for call in calls}
    assert bench.of_job("results", job_id)[0]["data"] == {"total": 3}
    told = bench.provider.asked[1][1].turns[-2:]
    assert (told[0].content, "not valid JSON" in told[1].content) == (BROKEN, True)


async def test_a_repair_that_fails_too_is_not_repeated(bench: Bench) -> None:
    bench.provider.plays(says(BROKEN), says(BROKEN))
    job_id = await bench.queued(**extraction())
    await bench.run(job_id)
    assert len(bench.provider.asked) == 2
    assert bench.job(job_id)["tier"] == "std-3b"


async def test_a_truncated_answer_is_not_repaired(bench: Bench) -> None:
    bench.provider.plays(says(BROKEN, finish=FinishReason.LENGTH))
    job_id = await bench.queued(**extraction())
    await bench.run(job_id)
    assert len(bench.provider.asked) == 1


async def test_a_fixed_strategy_never_escalates(bench: Bench) -> None:
    bench.provider.plays(says(" "))
    job_id = await bench.queued(strategy="fixed")
    await bench.run(job_id)
    assert bench.job(job_id)["state"] == "succeeded"
    assert bench.of_job("results", job_id)[0]["unverified"]
    assert len(bench.provider.asked) == 1


@pytest.mark.parametrize(
    "answer", ['{"total": NaN}', '{"total": 1e999}', "[" * 50_000, '{"total": -Infinity}']
)
async def test_json_that_the_database_could_not_hold_fails_its_check(bench: Bench, answer: str) -> None:
    bench.provider.plays(says(answer, finish=FinishReason.LENGTH))
    job_id = await bench.queued(**extraction())
    await bench.run(job_id)
    (attempt,) = bench.of_job("attempts", job_id)
    assert (attempt["outcome"], attempt["failed_checks"]) == ("escalated", ["json", "truncated"])


async def test_nul_and_surrogates_in_an_answer_are_taken_out(bench: Bench) -> None:
    bench.provider.plays(says('{"label": "a\\u0000b\\ud800"}'), says("x\x00y"))
    schema = {"type": "object"}
    job_id = await bench.queued(task="extract", options={"json_schema": schema})
    await bench.run(job_id)
    assert bench.of_job("results", job_id)[0]["data"] == {"label": "ab?"}
    plain = await bench.queued()
    await bench.run(plain)
    assert bench.of_job("results", plain)[0]["text"] == "xy"


async def test_an_unknown_cloud_price_stays_unknown(bench: Bench) -> None:
    job_id = await bench.queued(tier="cloud-premium", model="own")
    await bench.run(job_id)
    (cost,) = bench.of_job("costs", job_id)
    assert (cost["amount_usd"], cost["model"], cost["slot_seconds"]) == (None, "own", None)
    assert cost["baseline_usd"] > 0


async def test_a_cloud_call_is_priced_by_its_tokens(bench: Bench) -> None:
    bench.provider.plays(says(usage=TokenUsage(1_000_000, 0)))
    job_id = await bench.queued(tier="cloud-premium")
    await bench.run(job_id)
    (cost,) = bench.of_job("costs", job_id)
    assert cost["amount_usd"] == cost["baseline_usd"] == cost["input_usd_per_million"] > 0


async def test_usage_that_nobody_told_is_estimated_and_says_so(bench: Bench) -> None:
    bench.provider.plays(says(usage=None))
    job_id = await bench.queued(tier="cloud-premium", options={"max_output_tokens": 77})
    await bench.run(job_id)
    (cost,) = bench.of_job("costs", job_id)
    assert (cost["estimated"], cost["output_tokens"], cost["input_tokens"] > 0) == (True, 77, True)
