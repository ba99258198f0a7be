"""What must hold when a scenario has come to rest, whatever happened before."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from staffel.contracts.tiers import ALL_QUEUES
from staffel.storage.hints import Level, list_name
from tests.faults.bench.bench import Bench

#: Each query returns the rows that break a promise.
PROMISES: dict[str, str] = {
    "an accepted job has not ended": "SELECT id, state FROM jobs WHERE finished_at IS NULL",
    "a succeeded job has no result": """
        SELECT jobs.id FROM jobs LEFT JOIN results ON results.job_id = jobs.id
        WHERE jobs.state = 'succeeded' AND results.job_id IS NULL""",
    "a result belongs to a job that did not succeed": """
        SELECT jobs.id, jobs.state FROM jobs JOIN results ON results.job_id = jobs.id
        WHERE jobs.state <> 'succeeded'""",
    "a job succeeded in other than one attempt": """
        SELECT jobs.id, count(*) FROM jobs JOIN attempts ON attempts.job_id = jobs.id
        WHERE attempts.outcome = 'succeeded' GROUP BY jobs.id HAVING count(*) <> 1""",
    "a result does not belong to its job's last winning attempt": """
        SELECT results.job_id FROM results
        JOIN attempts ON attempts.job_id = results.job_id AND attempts.outcome = 'succeeded'
        WHERE results.attempt <> attempts.attempt AND NOT results.unverified""",
    "an attempt is left open": "SELECT job_id, attempt FROM attempts WHERE outcome = 'running'",
    "a counter is over its limit": """
        SELECT id FROM jobs WHERE transient_failures > 8 OR escalations > 3 OR crashes > 2""",
    "a call is left open": "SELECT id FROM calls WHERE state = 'intended'",
    "a call has other than one booking": """
        SELECT calls.id, count(costs.id) FROM calls
        LEFT JOIN costs ON costs.call_id = calls.id AND costs.kind = 'booking'
        WHERE calls.state <> 'unsent' GROUP BY calls.id HAVING count(costs.id) <> 1""",
    "a cost row has no call": """
        SELECT costs.id FROM costs LEFT JOIN calls ON calls.id = costs.call_id WHERE calls.id IS NULL""",
    "a call that nobody answered is not booked as an estimate": """
        SELECT calls.id, calls.state FROM calls JOIN costs ON costs.call_id = calls.id
        WHERE calls.state IN ('lost', 'orphaned') AND NOT costs.estimated""",
    "a finished batch has an open job, or one without has not finished": """
        SELECT batches.id FROM batches
        WHERE (finished_at IS NULL) <> EXISTS (
            SELECT 1 FROM jobs WHERE jobs.batch_id = batches.id AND jobs.finished_at IS NULL)""",
}

ANSWERED = """
    SELECT jobs.metadata ->> 'marker' AS marker, calls.request_id, calls.provider,
           sum(costs.input_tokens) AS input_tokens, sum(costs.output_tokens) AS output_tokens
    FROM calls JOIN jobs ON jobs.id = calls.job_id JOIN costs ON costs.call_id = calls.id
    WHERE calls.state = 'answered'
    GROUP BY calls.id, jobs.id
    HAVING bool_or(NOT costs.estimated)"""

RECORDED = """
    SELECT jobs.metadata ->> 'marker' AS marker, count(*) AS calls
    FROM calls JOIN jobs ON jobs.id = calls.job_id WHERE calls.state <> 'unsent' GROUP BY 1"""


@dataclass
class Findings:
    """What the oracle saw. `broken` is empty when all promises were kept."""

    jobs: int
    lost: int
    doubled: int
    unexplained: int
    broken: list[str] = field(default_factory=list)


def judge(bench: Bench) -> Findings:
    """Reads the database, Redis and the provider's ledger."""
    broken = [f"{promise}: {rows[:3]}" for promise, sql in PROMISES.items() if (rows := bench.rows(sql))]
    broken += left_in_redis(bench)
    unexplained = unexplained_requests(bench) + wrong_amounts(bench)
    return Findings(
        jobs=bench.value("SELECT count(*) FROM jobs"),
        lost=bench.value("SELECT count(*) FROM jobs WHERE finished_at IS NULL"),
        doubled=len(bench.rows(PROMISES["a job succeeded in other than one attempt"])),
        unexplained=len(unexplained),
        broken=broken + unexplained,
    )


def left_in_redis(bench: Bench) -> list[str]:
    """Hints that nobody took; hints for jobs that ended are worked off as no-ops."""
    lists = {list_name(queue, level): queue for queue in ALL_QUEUES for level in Level}
    left = [f"{bench.redis.llen(name)} hints left in {name!r}" for name in lists if bench.redis.llen(name)]
    unacked = [key for key in bench.redis.keys("unacked*") if bench.redis.type(key) in (b"hash", b"zset")]
    return left + [f"{key!r} is not empty" for key in unacked]


def unexplained_requests(bench: Bench) -> list[str]:
    """Requests that the provider saw beyond the calls that are on record."""
    seen = Counter(entry["marker"] for entry in bench.ledger())
    recorded = {row["marker"]: row["calls"] for row in bench.rows(RECORDED)}
    return [
        f"marker {marker}: {requests} requests, {recorded.get(marker, 0)} calls on record"
        for marker, requests in seen.items()
        if requests > recorded.get(marker, 0)
    ]


def wrong_amounts(bench: Bench) -> list[str]:
    """Answered calls, booked as exact, whose tokens are not those that the provider charged."""
    charged: dict[Any, list[tuple[int, int]]] = defaultdict(list)
    for entry in bench.ledger():
        tokens = (entry["input_tokens"], entry["output_tokens"])
        charged[entry["request_id"]].append(tokens)
        charged[entry["marker"]].append(tokens)
    return [
        f"{row['provider']} {row['request_id']}: booked {tokens}, charged {charged.get(key)}"
        for row in bench.rows(ANSWERED)
        for tokens in [(int(row["input_tokens"]), int(row["output_tokens"]))]
        for key in [row["request_id"] or row["marker"]]
        if tokens not in charged.get(key, [])
    ]
