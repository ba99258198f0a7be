"""What a user does in the first hour, through the command line, on a real fleet."""

import json
import os
import signal
import subprocess
from decimal import Decimal
from pathlib import Path

import httpx

from staffel.contracts.tiers import Tier
from tests.support.staffel_program import STAFFEL, StaffelProgram, until


def submitted(user: StaffelProgram, *arguments: str | Path) -> str:
    ended = user("batch", "submit", *arguments, "--json")
    assert ended.exit_code == 0, ended.stderr
    return str(ended.document["batch_id"])


def results(user: StaffelProgram, owner: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in user("results", owner, "--format", "jsonl").stdout.splitlines()]


def all_ended(user: StaffelProgram, batch: str) -> bool:
    return all(row["finished_at"] for row in results(user, batch))


def flower(user: StaffelProgram, path: str, password: str | None = None) -> httpx.Response:
    at = user.endpoints
    access = (at["flower_user"], password or at["flower_password"])
    return httpx.get(at["flower_url"] + path, auth=access, trust_env=False, timeout=10)


def test_one_job_is_answered_while_the_user_waits(user: StaffelProgram) -> None:
    ended = user("submit", "Das Essen war kalt.", "--task", "sentiment", "--wait", "--json")
    assert ended.exit_code == 0, ended.stderr
    result = ended.document["result"]
    assert result["state"] == "succeeded"
    assert result["data"]["sentiment"] in {"positive", "neutral", "negative"}


def test_a_folder_of_ones_own_ends_with_one_result_a_document(user: StaffelProgram, documents: Path) -> None:
    ended = user("batch", "submit", documents, "--task", "sentiment", "--wait", "--json", timeout=180)
    assert ended.exit_code == 0, ended.stderr
    rows = results(user, ended.document["batch_id"])
    assert len(rows) == 14
    assert {row["state"] for row in rows} == {"succeeded"}


def test_the_costs_add_up_to_the_cost_rows_whatever_they_are_grouped_by(user: StaffelProgram) -> None:
    sums = set()
    for key in ("tier", "model", "task", "day"):
        document = user("costs", "--by", key, "--json").document
        sums.add(sum(Decimal(str(row["amount_usd"])) for row in document["rows"]))
    assert len(sums) == 1
    assert sums.pop() > 0


def test_without_a_key_a_cloud_job_is_answered_in_the_house_and_says_so(user: StaffelProgram) -> None:
    ended = user(
        "submit",
        "Why is the sky blue?",
        "--tier",
        "cloud-premium",
        "--max-output-tokens",
        "16",
        "--wait",
        "--json",
    )
    result = ended.document["result"]
    assert result["tier"] == Tier.ADV
    assert "ANTHROPIC_API_KEY" in result["degraded_reason"]


def test_a_restricted_job_cannot_be_forced_into_the_cloud(user: StaffelProgram) -> None:
    ended = user("submit", "secret", "--tier", "cloud-premium", "--data-class", "restricted")
    assert ended.exit_code == 2
    assert "data_class" in ended.stderr
    assert "tier" in ended.stderr


def test_bad_items_are_listed_and_the_good_ones_run(user: StaffelProgram, documents: Path) -> None:
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (documents / "broken.jsonl").write_text('{"text": "fine"}\n{"text": \n')
    ended = user("batch", "submit", documents, "--task", "sentiment", "--wait", "--json", timeout=180)
    assert ended.exit_code == 2
    assert "broken.pdf" in ended.stderr
    assert "broken.jsonl:2" in ended.stderr
    states = [row["state"] for row in results(user, ended.document["batch_id"])]
    assert (states.count("succeeded"), states.count("failed")) == (15, 2)


def test_flower_shows_the_queues_and_the_workers_to_those_who_know_the_password(user: StaffelProgram) -> None:
    workers = ("fast-1.5b.fast@", "std-3b.std@", "adv-7b.adv@", "cloud-premium.cloud@")
    until(
        lambda: all(name in flower(user, "/workers").text for name in workers), 60, "Flower saw the workers"
    )
    queues = flower(user, "/broker").text
    assert all(tier.value in queues for tier in Tier)
    assert flower(user, "/workers", password="wrong").status_code == 401


def test_a_worker_killed_in_the_middle_of_a_batch_costs_no_result(
    user: StaffelProgram, documents: Path
) -> None:
    batch = submitted(user, documents, "--task", "sentiment")
    until(lambda: any(row["finished_at"] for row in results(user, batch)), 60, "the batch is under way")
    victim = user.pid_of("worker-fast")
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: all_ended(user, batch), 90, "every job ended")
    rows = results(user, batch)
    assert [row["state"] for row in rows] == ["succeeded"] * 14
    assert user.pid_of("worker-fast") != victim


def test_what_ctrl_c_leaves_the_next_start_finishes(user: StaffelProgram, documents: Path) -> None:
    batch = submitted(user, documents, "--task", "summarize", "--max-output-tokens", "24")
    until(lambda: any(row["finished_at"] for row in results(user, batch)), 60, "the batch is under way")
    assert user.interrupt() < 20
    assert user("status").exit_code == 3
    user.up()
    until(lambda: all_ended(user, batch), 90, "every job ended")
    rows = results(user, batch)
    assert [row["state"] for row in rows] == ["succeeded"] * 14
    assert all(row["attempts"] <= 2 for row in rows)


def test_a_second_fleet_in_the_same_place_is_refused(user: StaffelProgram) -> None:
    ended = user("up")
    assert ended.exit_code == 2
    assert "staffel down" in ended.stderr


def test_a_database_that_is_away_is_one_line_that_says_which_and_where(user: StaffelProgram) -> None:
    away = user.environment | {"STAFFEL_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none"}
    done = subprocess.run(
        [*STAFFEL, "jobs", "list"], env=away, cwd=user.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "PostgreSQL" in done.stderr
    assert "127.0.0.1:9" in done.stderr
