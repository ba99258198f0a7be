"""Money that was spent is booked once, and an estimate is corrected to the cent."""

from decimal import Decimal

from staffel.contracts.states import CallPurpose, CallState
from staffel.fleet.prices import TokenUsage, token_price
from tests.support.fake_provider import says, then
from tests.support.fleet import Bench
from workers.executor.calls import CallRecord
from workers.executor.recorder import Recorder
from workers.outcomes import Fenced

EXACT = TokenUsage(input_tokens=12_345, output_tokens=67, cached_input_tokens=1_000)


async def test_an_orphan_that_turns_up_is_corrected_and_the_sum_is_exact(bench: Bench) -> None:
    job_id = await bench.queued(tier="cloud-premium")

    async def worker_counts_as_dead() -> None:
        bench.lose_lease(job_id)
        assert await bench.sweep("LeaseReaper") == 1
        assert await bench.sweep("OrphanBooker") == 1

    bench.provider.plays(then(worker_counts_as_dead, says(usage=EXACT)))
    await bench.run(job_id)
    estimate, correction = bench.of_job("costs", job_id)
    assert (estimate["kind"], estimate["estimated"]) == ("booking", True)
    assert (correction["kind"], correction["estimated"]) == ("correction", False)
    price = token_price(bench.fleet, "claude-sonnet-5-5", EXACT)
    assert price is not None
    assert estimate["amount_usd"] + correction["amount_usd"] == price.amount_usd.quantize(Decimal("1e-9"))
    assert estimate["baseline_usd"] + correction["baseline_usd"] == price.amount_usd.quantize(Decimal("1e-9"))
    for column in ("input_tokens", "output_tokens", "cached_input_tokens"):
        assert estimate[column] + correction[column] == getattr(EXACT, column)
    assert bench.of_job("calls", job_id)[0]["state"] == "answered"
    assert bench.job(job_id)["state"] == "queued"


async def test_the_slot_time_of_a_local_orphan_is_corrected_too(bench: Bench) -> None:
    job_id = await bench.queued()

    async def worker_counts_as_dead() -> None:
        bench.lose_lease(job_id)
        await bench.sweep("LeaseReaper")
        await bench.sweep("OrphanBooker")

    bench.provider.plays(then(worker_counts_as_dead, says()))
    await bench.run(job_id)
    (call,) = bench.of_job("calls", job_id)
    total = sum(cost["slot_seconds"] for cost in bench.of_job("costs", job_id))
    assert abs(total - call["latency_ms"] / 1000) < 1e-9


async def test_an_orphan_that_never_left_is_corrected_to_nothing(bench: Bench) -> None:
    job_id = await bench.queued(tier="cloud-premium")
    claim = await bench.claimed(job_id)
    bench.lose_lease(job_id)
    await bench.sweep("LeaseReaper")
    await bench.sweep("OrphanBooker")
    unsent = CallRecord(
        claim.call_id, CallPurpose.ANSWER, "anthropic", "claude-sonnet-5-5", 9, 9, CallState.UNSENT
    )
    await Recorder(bench.database, bench.fleet, "cloud").record(claim, Fenced(), [unsent])
    assert sum(cost["amount_usd"] for cost in bench.of_job("costs", job_id)) == 0
    assert bench.of_job("calls", job_id)[0]["state"] == "unsent"


async def test_an_orphan_of_a_pool_that_is_gone_is_booked_at_the_common_price(bench: Bench) -> None:
    job_id = await bench.queued()
    await bench.claimed(job_id)
    bench.meddle("UPDATE calls SET pool = 'renamed'")
    bench.lose_lease(job_id)
    await bench.sweep("LeaseReaper")
    assert await bench.sweep("OrphanBooker") == 1
    assert bench.of_job("costs", job_id)[0]["amount_usd"] > 0


async def test_an_orphan_of_a_model_that_is_gone_is_booked_without_a_price(bench: Bench) -> None:
    job_id = await bench.queued()
    await bench.claimed(job_id)
    bench.meddle("UPDATE calls SET model = 'gone', provider = 'gone'")
    bench.lose_lease(job_id)
    await bench.sweep("LeaseReaper")
    assert await bench.sweep("OrphanBooker") == 1
    assert bench.of_job("costs", job_id)[0]["amount_usd"] is None
