"""A claim checks everything again, and a hint that is stale, doubled or forged changes nothing."""

import asyncio
from uuid import UUID, uuid4

import pytest

from staffel.contracts.tiers import Tier
from tests.support.fake_provider import says, then
from tests.support.fleet import Bench

REFUSING = {
    "not due": "UPDATE jobs SET run_at = now() + interval '1 hour'",
    "a cancel was asked for": "UPDATE jobs SET cancel_requested = true",
    "cancelled": "UPDATE jobs SET state = 'cancelled', finished_at = now()",
    "finished": "UPDATE jobs SET state = 'succeeded', finished_at = now()",
    "failed": "UPDATE jobs SET state = 'failed', finished_at = now()",
    "not classified": "UPDATE jobs SET state = 'submitted'",
    "past its deadline": "UPDATE jobs SET deadline = now() - interval '1 ms'",
    "a suspect": "UPDATE jobs SET quarantined = true",
    "of another tier": "UPDATE jobs SET tier = 'adv-7b'",
}


async def ignored(bench: Bench, job_id: UUID, tier: Tier) -> None:
    """A hint of the job, pushed to the tier's workers, changes nothing."""
    known = bench.rows("SELECT * FROM jobs")
    await bench.run(job_id, tier=tier)
    assert bench.rows("SELECT * FROM jobs") == known
    assert (bench.count("attempts"), bench.count("calls")) == (0, 0)
    assert bench.provider.asked == []


async def test_of_many_claims_at_once_exactly_one_runs_the_job(bench: Bench) -> None:
    job_id = await bench.queued()
    await asyncio.gather(*(bench.run(job_id) for _ in range(20)))
    assert len(bench.provider.asked) == 1
    assert bench.count("attempts") == bench.count("calls") == bench.count("results") == 1
    assert bench.job(job_id)["state"] == "succeeded"


@pytest.mark.parametrize("why", REFUSING)
async def test_a_job_that_may_not_run_now_is_not_claimed(bench: Bench, why: str) -> None:
    job_id = await bench.queued()
    bench.meddle(REFUSING[why])
    await ignored(bench, job_id, Tier.FAST)


async def test_a_running_job_is_not_claimed_again(bench: Bench) -> None:
    job_id = await bench.queued()

    async def hint_it_again() -> None:
        await bench.run(job_id)

    bench.provider.plays(then(hint_it_again, says()))
    await bench.run(job_id)
    assert len(bench.provider.asked) == bench.count("attempts") == 1


async def test_an_unknown_id_is_ignored(bench: Bench) -> None:
    await ignored(bench, uuid4(), Tier.FAST)


async def test_a_restricted_job_hinted_to_the_cloud_is_not_claimed_there(bench: Bench) -> None:
    job_id = await bench.queued(data_class="restricted")
    await ignored(bench, job_id, Tier.CLOUD)
    bench.meddle("UPDATE jobs SET tier = 'cloud-premium'")
    await ignored(bench, job_id, Tier.CLOUD)


async def test_a_suspect_is_claimed_where_it_runs_alone(bench: Bench) -> None:
    job_id = await bench.queued()
    bench.meddle("UPDATE jobs SET quarantined = true")
    await bench.run(job_id, alone=True)
    assert bench.job(job_id)["state"] == "succeeded"


async def test_attempt_and_call_are_committed_before_the_provider_is_asked(bench: Bench) -> None:
    job_id = await bench.queued()
    seen = []

    async def look() -> None:
        seen.append((bench.job(job_id), bench.of_job("attempts", job_id), bench.of_job("calls", job_id)))

    bench.provider.plays(then(look, says()))
    await bench.run(job_id)
    ((job, (attempt,), (call,)),) = seen
    assert (job["state"], job["attempt"], job["worker"]) == ("running", 1, "fast@bench")
    assert (attempt["outcome"], attempt["lease_token"]) == ("running", job["lease_token"])
    assert (call["state"], call["purpose"], call["model"]) == ("intended", "answer", "small")
    assert (call["estimated_input_tokens"], call["output_limit_tokens"]) == (job["input_tokens"], 512)


async def test_one_hint_may_name_many_jobs(bench: Bench) -> None:
    _, ids = await bench.batch(5)
    await bench.run(*ids, uuid4())
    assert {bench.job(job_id)["state"] for job_id in ids} == {"succeeded"}
