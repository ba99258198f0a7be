"""Joins the parts of the doors from their settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from redis.asyncio import Redis

from producer.interventions import Interventions
from producer.queries import Queries
from producer.submission import ClassifyHints, Submission
from producer.waiting import Waiter
from staffel.fleet import Fleet, load_fleet
from staffel.routing_state import routing_state
from staffel.settings import Settings
from staffel.storage.broker import connect_redis
from staffel.storage.database import Database
from staffel.storage.hints import HintSender
from staffel.storage.wakes import Wakes


@dataclass(frozen=True, slots=True)
class Doors:
    """What a door needs to take jobs in, to ask after them and to stop them."""

    tenant_id: str
    fleet: Fleet
    submission: Submission
    queries: Queries
    interventions: Interventions
    waiter: Waiter
    redis_place: str


@asynccontextmanager
async def open_doors(settings: Settings) -> AsyncIterator[Doors]:
    """Both servers; they are first reached when they are first needed."""
    fleet = load_fleet(settings.fleet_path())
    redis = connect_redis(settings.require_redis_url())
    try:
        async with _open_database(settings) as database:
            yield _join(settings, fleet, database, redis)
    finally:
        await redis.aclose()


@asynccontextmanager
async def open_queries(settings: Settings) -> AsyncIterator[Queries]:
    """The database alone, for what only asks."""
    async with _open_database(settings) as database:
        yield Queries(database, settings.tenant)


def _join(settings: Settings, fleet: Fleet, database: Database, redis: Redis) -> Doors:
    wakes, hints = Wakes(redis), HintSender(redis)
    return Doors(
        tenant_id=settings.tenant,
        fleet=fleet,
        submission=Submission(database, hints, routing_state(fleet)),
        queries=Queries(database, settings.tenant),
        interventions=Interventions(database, wakes, ClassifyHints(hints)),
        waiter=Waiter(wakes),
        redis_place=place_of(settings.require_redis_url()),
    )


@asynccontextmanager
async def _open_database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.require_database_url(), pool_size=2, name="staffel-producer", pre_ping=True)
    try:
        yield database
    finally:
        await database.close()


def place_of(url: str) -> str:
    """A URL as it may be shown: without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
