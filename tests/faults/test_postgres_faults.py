"""PostgreSQL that dies, cuts connections and runs out of them, with work in flight."""

import contextlib

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from staffel.contracts.errors import UnreachableError
from tests.faults.bench.bench import Bench
from tests.faults.bench.waits import goes_on, states, under_way


def test_postgres_killed_and_started_again_loses_no_job(bench: Bench) -> None:
    before = under_way(bench)
    bench.kill_server("postgres")
    bench.start_server("postgres")
    goes_on(bench, before)


def test_postgres_cutting_its_clients_again_and_again_loses_no_job(bench: Bench) -> None:
    before = under_way(bench)
    for _ in range(15):
        bench.faults += 1
        with contextlib.suppress(OperationalError):
            bench.rows(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name LIKE 'staffel-%' AND random() < 0.6"""
            )
        bench.pause(0.3)
    goes_on(bench, before)


def test_postgres_without_a_free_connection_delays_and_loses_no_job(bench: Bench) -> None:
    before = under_way(bench)
    greedy = create_engine(bench.database_url, poolclass=NullPool)
    taken = []
    with contextlib.suppress(OperationalError):
        while len(taken) < 200:
            taken.append(greedy.connect())
    bench.faults += 1
    bench.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'staffel-%'"
    )
    bench.pause(3)
    for connection in taken:
        connection.close()
    goes_on(bench, before)


@pytest.mark.long
def test_postgres_away_for_long_refuses_submissions_clearly_and_workers_go_on_afterwards(
    bench: Bench,
) -> None:
    before = under_way(bench)
    bench.kill_server("postgres")
    with pytest.raises(UnreachableError, match="PostgreSQL at"):
        bench.submit(1)
    bench.pause(30)
    bench.start_server("postgres")
    goes_on(bench, before)


def test_answers_with_nul_and_broken_unicode_do_not_hurt_their_neighbours(bench: Bench) -> None:
    bench.play({"match": {"probability": 0.3}, "action": {"nul": True}}, {"action": {"delay_ms": 30}})
    for tier in ("fast-1.5b", "std-3b", "cloud-premium"):
        bench.submit(40, tier=tier)
    bench.until(lambda: not bench.open()["jobs"], 60, "all ended")
    assert set(states(bench)) <= {"succeeded", "dead"}
    assert states(bench)["succeeded"] >= 84
