"""Prunes a tenth of a million ended jobs while a worker claims: how fast, and whether the claims waited.

Run it with `make bench-retention`. It starts an embedded PostgreSQL of its own and removes it afterwards.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Connection, create_engine, text

from staffel.contracts.privacy import DataClass
from staffel.contracts.retention import Keep, Pruned
from staffel.contracts.tiers import Tier
from staffel.storage.database import Database
from staffel.storage.ids import new_id
from staffel.storage.migrations import migrate
from staffel.storage.repositories.retention import FIRST
from staffel.storage.repositories.runs import Claimer, Offer
from staffel.storage.sql import statement
from workers.dispatch.pruner import BITE, Pruner, prune
from workers.supervisor.embedded.paths import EmbeddedPaths
from workers.supervisor.embedded.postgres import EmbeddedPostgres
from workers.supervisor.embedded.server import running

JOBS = 1_000_000
TENANTS = 10
DAYS = 100
#: A tenth of the jobs is older, and the contents of another tenth.
KEEP = Keep(jobs_days=90, failed_days=90, payloads_days=80, keys_days=0)
#: Claims without and beside a pruner.
QUEUED = 20_000
QUIET_S = 5.0
CLAIM_EVERY_S = 0.005
TURNS, TURN_S = 4, 2.0

MODEL = Offer(DataClass.INTERNAL, "small", "house", 8192)
CLAIMER = Claimer(Tier.FAST, "fast", "fast@bench", (DataClass.INTERNAL,), (MODEL,))

FILL = Path(__file__).with_name("retention_fill.sql")


def main() -> None:
    with _database() as url:
        say(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, embedded PostgreSQL, {JOBS:,} ended jobs")
        fill(url)
        asyncio.run(measure(url))
        explain(url)


def fill(url: str) -> None:
    started = time.monotonic()
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            text("CREATE TEMPORARY TABLE shape (jobs integer, tenants integer, days integer, queued integer)")
        )
        connection.execute(
            text("INSERT INTO shape VALUES (:jobs, :tenants, :days, :queued)"),
            {"jobs": JOBS, "tenants": TENANTS, "days": DAYS, "queued": QUEUED},
        )
        for step in FILL.read_text(encoding="utf-8").rstrip().removesuffix(";").split(";\n"):
            connection.execute(text(step))
        say(f"filled in {time.monotonic() - started:.0f} s, {_size(connection)}")
    engine.dispose()


async def measure(url: str) -> None:
    database = Database(url, pool_size=2)
    engine = create_engine(url)
    with engine.connect() as connection:
        queued = list(connection.execute(text("SELECT id FROM jobs WHERE state = 'queued'")).scalars())
    await claims(database, queued, for_s=0.5)  # connections and plans are warm
    quiet = await claims(database, queued, for_s=QUIET_S)
    pruning = asyncio.create_task(prune_all(database))
    beside: list[float] = []
    while not pruning.done() and queued:
        beside += await claims(database, queued, for_s=0.5)
    gone, bites = await pruning
    report(gone, bites)
    paced = await claims_beside_the_duty(database, queued)
    for name, took in (("alone", quiet), ("beside the command", beside), ("beside the duty", paced)):
        say(
            f"{'claims ' + name + ':':<27} {len(took):,}, p50 {_ms(took, 0.5)}, p95 {_ms(took, 0.95)}, "
            f"p99 {_ms(took, 0.99)}, longest {_ms(took, 1)}"
        )
    with engine.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM costs")).scalar_one()
        say(f"cost rows before and after: {JOBS:,} and {left:,}")
    engine.dispose()
    await database.close()


async def prune_all(database: Database) -> tuple[Pruned, list[tuple[float, Pruned]]]:
    """What went, and how long each bite took."""
    gone, bites = Pruned(), []
    started = time.monotonic()
    async for pruned in prune(database, KEEP):
        now = time.monotonic()
        bites.append((now - started, pruned))
        gone, started = gone + pruned, now
    return gone, bites


async def claims_beside_the_duty(database: Database, queued: list[UUID]) -> list[float]:
    """As the control process prunes: half a second a turn, a turn every other second."""
    pruner = Pruner(database, replace(KEEP, jobs_days=KEEP.jobs_days - 20), every_s=60.0)
    took: list[float] = []
    for _ in range(TURNS):
        turn = asyncio.create_task(pruner.sweep())
        took += await claims(database, queued, for_s=TURN_S)
        await turn
    return took


async def claims(database: Database, queued: list[UUID], *, for_s: float) -> list[float]:
    """Claims a job every few ms; how long each claim took, in seconds."""
    took: list[float] = []
    until = time.monotonic() + for_s
    while time.monotonic() < until and queued:
        started = time.monotonic()
        async with database.transaction() as tx:
            claimed = await tx.runs.claim(
                queued.pop(),
                CLAIMER,
                lease_token=uuid4(),
                call_id=new_id(),
                lease=timedelta(hours=1),
                alone=True,
            )
        assert claimed is not None, "a queued job could not be claimed"  # noqa: S101 - the figures would be wrong
        took.append(time.monotonic() - started)
        await asyncio.sleep(CLAIM_EVERY_S)
    return took


def report(gone: Pruned, bites: Sequence[tuple[float, Pruned]]) -> None:
    of_jobs = [bite for bite in bites if bite[1].jobs]
    of_payloads = [bite for bite in bites if bite[1].payloads and not bite[1].jobs]
    for name, of_kind in (("jobs", of_jobs), ("payloads", of_payloads)):
        took = [seconds for seconds, _ in of_kind]
        count = sum(getattr(pruned, name) for _, pruned in of_kind)
        rows = sum(pruned.total for _, pruned in of_kind)
        say(
            f"{name + ' pruned:':<19} {count:,} in {sum(took):.1f} s: {count / sum(took):,.0f} {name}/s, "
            f"{rows / sum(took):,.0f} rows/s",
            f"{len(took):,} bites, p50 {_ms(took, 0.5)}, p95 {_ms(took, 0.95)}, slowest {_ms(took, 1)}",
        )
    say(
        f"batches pruned: {gone.batches:,}; slowest of all transactions {_ms([took for took, _ in bites], 1)}"
    )


def explain(url: str) -> None:
    """The scans of each statement; none may read all of a table that grows."""
    ages = {"jobs_days": KEEP.jobs_days - 10, "failed_days": KEEP.failed_days - 10}
    engine = create_engine(url)
    with engine.connect() as connection:
        for name, values in (
            ("prune_jobs", ages | {"limit": BITE}),
            ("erase_payloads", {"payloads_days": 70, "after": FIRST, "limit": BITE}),
            ("prune_batches", ages | {"limit": BITE}),
        ):
            lines = connection.execute(text(f"EXPLAIN {statement(name).text}"), values).scalars()
            scans = sorted({line.strip(" ->").split("  (")[0] for line in lines if " Scan " in line})
            say(f"\n{name}:", *(scan for scan in scans if "CTE" not in scan and "Values" not in scan))
    engine.dispose()


@contextmanager
def _database() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="staffel-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        paths = EmbeddedPaths.of(folder / "home", runtime_root=folder, system_folder=folder / "system")
        postgres = EmbeddedPostgres(paths)
        with running(postgres, folder / "postgres.log"):
            migrate(postgres.url())
            yield postgres.url()


def _size(connection: Connection) -> str:
    return str(
        connection.exec_driver_sql("SELECT pg_size_pretty(pg_database_size(current_database()))").scalar_one()
    )


def _ms(seconds: Sequence[float], share: float) -> str:
    ordered = sorted(seconds)
    return f"{ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000:.1f} ms" if ordered else "-"


def say(*lines: str) -> None:
    sys.stdout.write("\n  ".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
