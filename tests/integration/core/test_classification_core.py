"""Ids in, decisions out."""

from datetime import timedelta
from uuid import uuid4

from staffel.contracts.tiers import Tier
from tests.support.fleet import Bench


async def test_a_decision_is_written_with_its_reasons_features_and_version(bench: Bench) -> None:
    job_id = await bench.queued("Great product.", task="sentiment")
    (decision,) = bench.of_job("routing_decisions", job_id)
    assert (decision["tier"], decision["task_type"], decision["router_version"]) == (
        "fast-1.5b",
        "sentiment",
        "rules-1",
    )
    assert any("sentiment" in reason for reason in decision["reasons"])
    assert decision["features"]["chars"] == len("Great product.")
    assert "Great" not in str(dict(decision))
    job = bench.job(job_id)
    assert (job["state"], job["tier"], job["permitted_tiers"]) == ("queued", "fast-1.5b", list(Tier))
    assert job["input_tokens"] > 0
    assert job["queued_at"] is not None


async def test_the_rank_is_the_submission_plus_half_an_hour_a_step_of_priority(bench: Bench) -> None:
    job_id = await bench.queued(priority=4)
    job = bench.job(job_id)
    assert job["rank_at"] == job["submitted_at"] + timedelta(hours=2)


async def test_items_of_a_batch_share_its_time_of_submission(bench: Bench) -> None:
    await bench.batch(3)
    assert bench.one("SELECT count(DISTINCT rank_at) AS n FROM jobs")["n"] == 1


async def test_a_forced_tier_is_kept_and_data_that_must_stay_never_permits_the_cloud(bench: Bench) -> None:
    forced = bench.job(await bench.queued(tier="adv-7b"))
    restricted = bench.job(await bench.queued(data_class="restricted"))
    assert (forced["tier"], "cloud-premium" in forced["permitted_tiers"]) == ("adv-7b", False)
    assert "cloud-premium" not in restricted["permitted_tiers"]


async def test_a_prompt_that_fits_nowhere_fails_with_both_counts_and_ends_its_batch(bench: Bench) -> None:
    """The fleet may have changed since the job was taken in."""
    batch_id, (job_id,) = await bench.batch(1, classify=False, data_class="restricted")
    bench.meddle("UPDATE jobs SET max_output_tokens = 20000")
    await bench.classify(job_id)
    job = bench.job(job_id)
    assert (job["state"], job["error_code"]) == ("failed", "context_exceeded")
    assert "20" in job["error_message"]
    assert "8192" in job["error_message"]
    batch = bench.one("SELECT finished_at FROM batches WHERE id = :id", id=batch_id)
    assert batch["finished_at"] is not None
    (decision,) = bench.of_job("routing_decisions", job_id)
    assert (decision["tier"], decision["confidence"]) == (None, 0.0)


async def test_a_refused_job_tells_its_callback(bench: Bench) -> None:
    job_id = await bench.submitted(data_class="restricted", callback_url="https://x.example/")
    bench.meddle("UPDATE jobs SET max_output_tokens = 20000")
    await bench.classify(job_id)
    assert [row["event"] for row in bench.of_job("callbacks", job_id)] == ["job.ended"]


async def test_the_same_ids_twice_change_nothing_more(bench: Bench) -> None:
    job_id = await bench.queued()
    before = bench.job(job_id)
    await bench.classify(job_id)
    await bench.classification.classify([job_id, job_id])
    assert bench.job(job_id) == before
    assert len(bench.of_job("routing_decisions", job_id)) == 1


async def test_unknown_ids_are_ignored(bench: Bench) -> None:
    job_id = await bench.submitted()
    await bench.classify(uuid4(), job_id, uuid4())
    assert bench.job(job_id)["state"] == "queued"
    assert bench.count("routing_decisions") == 1


async def test_a_cancelled_job_is_not_classified(bench: Bench) -> None:
    job_id = await bench.submitted()
    bench.meddle("UPDATE jobs SET state = 'cancelled', finished_at = now()")
    await bench.classify(job_id)
    assert bench.job(job_id)["state"] == "cancelled"
