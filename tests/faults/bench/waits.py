"""Conditions that several scenarios wait for."""

from typing import Any

from tests.faults.bench.bench import Bench


def wait_until_running(bench: Bench, count: int = 1, tier: str = "fast-1.5b") -> None:
    query = "SELECT count(*) FROM jobs WHERE state = 'running' AND tier = :tier"
    bench.until(lambda: bench.value(query, tier=tier) >= count, 30, f"{count} jobs run")


def leases_of(bench: Bench, program: str) -> list[Any]:
    """Tokens of the leases that a program's process holds."""
    worker = f"%:{bench.programs[program].child.pid}"
    rows = bench.rows(
        "SELECT lease_token FROM jobs WHERE state = 'running' AND worker LIKE :worker", worker=worker
    )
    return [row["lease_token"] for row in rows]


def all_taken_back(bench: Bench, tokens: list[Any]) -> bool:
    return not bench.value("SELECT count(*) FROM jobs WHERE lease_token = ANY(:tokens)", tokens=tokens)


def waiting_for_locks(bench: Bench) -> int:
    return int(bench.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def outcomes(bench: Bench) -> dict[str, int]:
    rows = bench.rows("SELECT outcome, count(*) AS attempts FROM attempts GROUP BY outcome")
    return {row["outcome"]: row["attempts"] for row in rows}


def states(bench: Bench) -> dict[str, int]:
    rows = bench.rows("SELECT state, count(*) AS jobs FROM jobs GROUP BY state")
    return {row["state"]: row["jobs"] for row in rows}


def requests_seen(bench: Bench) -> int:
    return len(bench.ledger())


def calls_unsent(bench: Bench) -> int:
    """Attempts that asked nobody, because the circuit of their provider was open."""
    query = "SELECT count(*) FROM calls WHERE state = 'unsent' AND error_code = 'circuit_open'"
    return int(bench.value(query))


def circuit_is_open(bench: Bench) -> bool:
    return any(bench.redis.hexists(key, "open_until") for key in bench.redis.keys("staffel:circuit:*"))


def under_way(bench: Bench, jobs: int = 200) -> int:
    """Work in flight on every slot; returns how much has ended."""
    bench.play({"action": {"delay_ms": 150}})
    bench.submit(jobs)
    wait_until_running(bench, 8)
    return bench.ended()


def goes_on(bench: Bench, before: int) -> None:
    """Recovered when more has ended than was running, so that something was dispatched anew."""
    bench.recover(lambda: bench.ended() > before + 40, 25, "work goes on")
