"""What submission committed is there, what it refused left nothing."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from producer.submission import Rejected, Submission, Submitted
from staffel.contracts.errors import IdempotencyConflictError, InvalidRequestError, UnreadableDocumentError
from staffel.contracts.requests import BatchRequest, JobRequest
from staffel.contracts.tiers import Queue
from staffel.storage.broker import connect_redis
from staffel.storage.hints import HintSender
from tests.support.fleet import TENANT, Bench
from tests.support.waiting import until

PAST = datetime.now(UTC) - timedelta(minutes=1)
TABLES = ("jobs", "payloads", "batches", "idempotency_keys")


def request(prompt: str = "Say hello.", **fields: object) -> JobRequest:
    return JobRequest.model_validate({"prompt": prompt} | fields)


def nothing_stands(bench: Bench) -> bool:
    return all(bench.count(table) == 0 for table in TABLES)


async def test_a_job_is_committed_with_its_content_and_hinted(bench: Bench) -> None:
    accepted = await bench.submission.submit(TENANT, request(metadata={"a": "1"}, priority=3))
    job = bench.job(accepted.job_id)
    assert (job["state"], job["tenant_id"], job["priority"], job["metadata"]) == (
        "submitted",
        TENANT,
        3,
        {"a": "1"},
    )
    assert bench.of_job("payloads", accepted.job_id)[0]["content"] == {"prompt": "Say hello."}
    assert [hint.ids for hint in bench.pop(Queue.CLASSIFY)] == [(accepted.job_id,)]


async def test_who_waits_counts_more_than_who_does_not(bench: Bench) -> None:
    waiting = await bench.submission.submit(TENANT, request(), waiting=True)
    single = await bench.submission.submit(TENANT, request())
    _, (item,) = await bench.batch(1)
    ids = (waiting.job_id, single.job_id, item)
    assert [bench.job(job_id)["priority"] for job_id in ids] == [1, 5, 7]


async def test_many_jobs_are_one_batch_in_their_order_and_cut_into_hints(bench: Bench) -> None:
    items = [Submitted(request(f"Item {n}"), source=f"line {n}") for n in range(450)]
    accepted = await bench.submission.submit_batch(TENANT, BatchRequest(name="all"), items)
    stored = bench.rows("SELECT id, source FROM jobs ORDER BY batch_index")
    assert [row["id"] for row in stored] == list(accepted.job_ids)
    assert [row["source"] for row in stored] == [f"line {n}" for n in range(450)]
    assert [len(hint.ids) for hint in bench.pop(Queue.CLASSIFY)] == [200, 200, 50]


async def test_the_same_key_and_body_give_the_same_job(bench: Bench) -> None:
    first = await bench.submission.submit(TENANT, request(idempotency_key="k"))
    again = await bench.submission.submit(TENANT, request(idempotency_key="k"))
    assert (again.job_id, again.replayed) == (first.job_id, True)
    assert bench.count("jobs") == 1


async def test_the_same_key_with_another_body_is_refused_and_nothing_is_written(bench: Bench) -> None:
    await bench.submission.submit(TENANT, request(idempotency_key="k"))
    with pytest.raises(IdempotencyConflictError, match="idempotency_key"):
        await bench.submission.submit(TENANT, request("Other.", idempotency_key="k"))
    assert (bench.count("jobs"), bench.count("payloads")) == (1, 1)


async def test_tenants_do_not_share_keys(bench: Bench) -> None:
    mine = await bench.submission.submit("mine", request(idempotency_key="k"))
    yours = await bench.submission.submit("yours", request("Other.", idempotency_key="k"))
    assert mine.job_id != yours.job_id


async def test_of_many_submissions_at_once_with_one_key_one_becomes_a_job(bench: Bench) -> None:
    accepted = await asyncio.gather(
        *(bench.submission.submit(TENANT, request(idempotency_key="k")) for _ in range(10))
    )
    assert len({one.job_id for one in accepted}) == 1
    assert sum(not one.replayed for one in accepted) == bench.count("jobs") == 1


async def test_a_key_is_replayed_even_when_the_deadline_has_passed_meanwhile(bench: Bench) -> None:
    soon = request(idempotency_key="k", deadline=datetime.now(UTC) + timedelta(milliseconds=150))
    first = await bench.submission.submit(TENANT, soon)
    batch = BatchRequest(idempotency_key="b")
    in_batch = soon.model_copy(update={"idempotency_key": None})
    whole = await bench.submission.submit_batch(TENANT, batch, [Submitted(in_batch)])
    await until(lambda: soon.deadline is not None and datetime.now(UTC) > soon.deadline)
    assert (await bench.submission.submit(TENANT, soon)).job_id == first.job_id
    again = await bench.submission.submit_batch(TENANT, batch, [Submitted(in_batch)])
    assert (again.batch_id, again.replayed) == (whole.batch_id, True)


async def test_a_batch_key_gives_the_same_batch_and_refuses_another(bench: Bench) -> None:
    batch = BatchRequest(idempotency_key="b")
    first = await bench.submission.submit_batch(TENANT, batch, [Submitted(request())])
    again = await bench.submission.submit_batch(TENANT, batch, [Submitted(request())])
    assert (again.batch_id, again.replayed) == (first.batch_id, True)
    with pytest.raises(IdempotencyConflictError):
        await bench.submission.submit_batch(TENANT, batch, [Submitted(request("Other."))])
    with pytest.raises(IdempotencyConflictError):
        await bench.submission.submit(TENANT, request(idempotency_key="b"))
    assert (bench.count("batches"), bench.count("jobs")) == (1, 1)


async def test_duplicates_inside_a_batch_are_one_job(bench: Bench) -> None:
    twice = [Submitted(request(idempotency_key="k")), Submitted(request("Other."))]
    accepted = await bench.submission.submit_batch(TENANT, BatchRequest(), [*twice, twice[0]])
    assert accepted.job_ids[0] == accepted.job_ids[2] != accepted.job_ids[1]
    assert bench.count("jobs") == 2


async def test_an_item_whose_key_is_another_bodys_is_rejected_by_name_and_the_rest_goes_through(
    bench: Bench,
) -> None:
    before = await bench.submission.submit(TENANT, request(idempotency_key="taken"))
    items = [
        Submitted(request("Other.", idempotency_key="taken"), source="late.txt"),
        Submitted(request(idempotency_key="k")),
        Submitted(request("Other.", idempotency_key="k")),
        Submitted(request("Last.")),
    ]
    accepted = await bench.submission.submit_batch(TENANT, BatchRequest(), items)
    assert [item.source for item in accepted.rejected] == ["late.txt", "item 3"]
    assert all(isinstance(item.error, IdempotencyConflictError) for item in accepted.rejected)
    rows = bench.rows("SELECT state, error_code FROM jobs WHERE batch_id IS NOT NULL ORDER BY batch_index")
    assert [row["state"] for row in rows] == ["failed", "submitted", "failed", "submitted"]
    assert {row["error_code"] for row in rows} == {"idempotency_conflict", None}
    keys = {row["key"]: row["job_id"] for row in bench.rows("SELECT key, job_id FROM idempotency_keys")}
    assert keys == {"taken": before.job_id, "k": accepted.job_ids[1]}
    hinted = {job_id for hint in bench.pop(Queue.CLASSIFY) for job_id in hint.ids}
    assert hinted == {before.job_id, accepted.job_ids[1], accepted.job_ids[3]}


async def test_a_key_of_a_batch_is_no_key_for_an_item(bench: Bench) -> None:
    await bench.submission.submit_batch(TENANT, BatchRequest(idempotency_key="b"), [Submitted(request())])
    keyed = [Submitted(request("Mine.", idempotency_key="b"), source="mine"), Submitted(request("Last."))]
    accepted = await bench.submission.submit_batch(TENANT, BatchRequest(), keyed)
    assert [item.source for item in accepted.rejected] == ["mine"]


async def test_a_rejected_item_ended_when_it_was_submitted_by_the_databases_clock(bench: Bench) -> None:
    await bench.submission.submit_batch(TENANT, BatchRequest(), [Rejected("a", UnreadableDocumentError())])
    row = bench.one("SELECT finished_at = submitted_at AS same_clock, finished_at <= now() AS past FROM jobs")
    assert (row["same_clock"], row["past"]) == (True, True)


async def test_rejected_items_become_failed_rows_and_the_batch_still_ends(bench: Bench) -> None:
    broken = Rejected("broken.pdf", UnreadableDocumentError("page 1 cannot be read"))
    late = Submitted(request(deadline=PAST), source="late")
    accepted = await bench.submission.submit_batch(
        TENANT, BatchRequest(), [broken, Submitted(request()), late]
    )
    assert [item.source for item in accepted.rejected] == ["broken.pdf", "late"]
    rows = bench.rows("SELECT state, error_code, error_message FROM jobs ORDER BY batch_index")
    assert [row["state"] for row in rows] == ["failed", "submitted", "failed"]
    assert (rows[0]["error_code"], rows[0]["error_message"]) == (
        "unreadable_document",
        "page 1 cannot be read",
    )
    assert rows[2]["error_code"] == "invalid_request"
    assert bench.one("SELECT finished_at FROM batches")["finished_at"] is None
    await bench.classify(*accepted.job_ids)
    await bench.pump()
    assert bench.one("SELECT finished_at FROM batches")["finished_at"] is not None


async def test_a_batch_of_nothing_but_rejected_items_is_finished_at_once(bench: Bench) -> None:
    items = [Rejected("a", UnreadableDocumentError()), Rejected("b", UnreadableDocumentError())]
    await bench.submission.submit_batch(TENANT, BatchRequest(callback_url="https://x.example/"), items)
    assert bench.one("SELECT finished_at FROM batches")["finished_at"] is not None
    assert bench.count("callbacks", event="batch.ended") == 1


async def test_a_deadline_in_the_past_is_refused_by_its_field(bench: Bench) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await bench.submission.submit(TENANT, request(deadline=PAST))
    assert caught.value.field == "deadline"
    assert nothing_stands(bench)


async def test_restricted_content_for_the_cloud_is_refused_by_both_fields(bench: Bench) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await bench.submission.submit(TENANT, request(data_class="restricted", tier="cloud-premium"))
    assert caught.value.field == "data_class, tier"
    assert nothing_stands(bench)


async def test_nul_in_every_text_is_taken_out_and_the_job_runs(bench: Bench) -> None:
    job_id = await bench.queued(
        "Say\x00 hello.",
        metadata={"a\x00": "b\x00"},
        options={"labels": ["x\x00", "y"], "json_schema": {"type": "object", "title": "\x00"}},
    )
    await bench.pump()
    assert bench.job(job_id)["metadata"] == {"a": "b"}
    assert bench.of_job("payloads", job_id)[0]["content"] == {"prompt": "Say hello."}
    assert bench.job(job_id)["finished_at"] is not None


@pytest.mark.parametrize("prompt", ["\x00", " \x00 "])
async def test_a_prompt_of_nothing_but_nul_is_refused_like_a_blank_one(prompt: str) -> None:
    with pytest.raises(ValidationError, match="blank"):
        request(prompt)
    with pytest.raises(ValidationError, match="blank"):
        JobRequest.model_validate({"messages": [{"role": "user", "content": "\x00"}]})


async def test_an_idempotency_key_with_nul_is_refused() -> None:
    with pytest.raises(ValidationError, match="idempotency_key"):
        request(idempotency_key="k\x00")


async def test_lone_surrogates_in_names_of_files_do_not_break_a_batch(bench: Bench) -> None:
    odd = "caf\udce9.txt"
    items: list[Submitted | Rejected] = [
        Submitted(request(), source=odd),
        Rejected(odd, UnreadableDocumentError(f"{odd}: broken\x00")),
    ]
    accepted = await bench.submission.submit_batch(TENANT, BatchRequest(idempotency_key="b"), items)
    sources = bench.rows("SELECT source FROM jobs ORDER BY batch_index")
    assert [row["source"] for row in sources] == ["caf?.txt", "caf?.txt"]
    assert len(accepted.job_ids) == 2


async def test_without_redis_a_job_is_accepted_unhinted_and_found_later(bench: Bench) -> None:
    unreachable = connect_redis("redis://127.0.0.1:1/0")
    submission = Submission(bench.database, HintSender(unreachable), bench.state)
    accepted = await submission.submit(TENANT, request())
    await unreachable.aclose()
    assert not accepted.hinted
    assert bench.pop(Queue.CLASSIFY) == []
    assert await bench.sweep("ClassifyStager") == 1
    assert [hint.ids for hint in bench.pop(Queue.CLASSIFY)] == [(accepted.job_id,)]
