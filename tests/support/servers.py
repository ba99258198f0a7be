"""The real PostgreSQL and Redis of a test run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from sqlalchemy import Engine, create_engine, text

from staffel.storage.migrations import migrate
from staffel.storage.tables import metadata
from workers.supervisor.embedded.paths import EmbeddedPaths
from workers.supervisor.embedded.postgres import EmbeddedPostgres
from workers.supervisor.embedded.redis import EmbeddedRedis
from workers.supervisor.embedded.server import running


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses, and a way to start each test with nothing in them."""

    database_url: str
    redis_url: str
    engine: Engine
    redis: redis.Redis

    def empty(self) -> None:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        with self.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        self.redis.flushall()

    def environment(self, home: Path) -> dict[str, str]:
        """What a program needs to find them."""
        return {
            "STAFFEL_DATABASE_URL": self.database_url,
            "STAFFEL_REDIS_URL": self.redis_url,
            "STAFFEL_HOME": str(home),
        }


@contextmanager
def start_servers(folder: Path) -> Iterator[Servers]:
    paths = EmbeddedPaths.of(folder / "home", runtime_root=folder, system_folder=folder / "system")
    postgres, broker = EmbeddedPostgres(paths), EmbeddedRedis(paths)
    with ExitStack() as stack:
        stack.enter_context(running(postgres, folder / "postgres.log"))
        stack.enter_context(running(broker, folder / "redis.log"))
        migrate(postgres.url())
        engine = create_engine(postgres.url(), pool_size=2)
        stack.callback(engine.dispose)
        client = redis.Redis.from_url(broker.url())
        stack.callback(client.close)
        yield Servers(postgres.url(), broker.url(), engine, client)
