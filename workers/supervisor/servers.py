"""The servers a fleet needs: those that a URL names are left alone, the others are started from wheels."""

from dataclasses import dataclass, field
from pathlib import Path

from staffel.fleet import Fleet
from workers.settings import WorkerSettings
from workers.supervisor.embedded.cores import usable_cores
from workers.supervisor.embedded.model import EmbeddedModel
from workers.supervisor.embedded.paths import EmbeddedPaths
from workers.supervisor.embedded.postgres import EmbeddedPostgres
from workers.supervisor.embedded.redis import EmbeddedRedis
from workers.supervisor.embedded.server import EmbeddedServer, launch_of, wait_ready
from workers.supervisor.process import Launch
from workers.supervisor.watch import Watched


@dataclass(slots=True)
class Servers:
    """What is embedded here, and the addresses of everything, embedded or not."""

    embedded: list[EmbeddedServer] = field(default_factory=list)
    database_url: str = ""
    redis_url: str = ""
    embedded_base_url: str | None = None
    embedded_key: str | None = field(default=None, repr=False)
    watched: list[Watched] = field(default_factory=list)

    def start(self, log_folder: Path) -> None:
        """Starts the embedded ones in turn, each ready before the next. Raises EmbeddedError."""
        for server in self.embedded:
            watched = _watched(server, log_folder / f"{server.name}.log")
            self.watched.append(watched)
            watched.start()
            wait_ready(server, watched.child)

    def environment(self) -> dict[str, str]:
        """What the programs of the fleet are told."""
        told = {
            "STAFFEL_DATABASE_URL": self.database_url,
            "STAFFEL_REDIS_URL": self.redis_url,
            "STAFFEL_EMBEDDED_BASE_URL": self.embedded_base_url,
            "STAFFEL_EMBEDDED_KEY": self.embedded_key,
        }
        return {name: value for name, value in told.items() if value is not None}


def plan_servers(settings: WorkerSettings, fleet: Fleet) -> Servers:
    """Which servers to start; prepares their folders. Raises EmbeddedError."""
    paths = EmbeddedPaths.of(settings.home)
    servers = Servers(database_url=settings.database_url or "", redis_url=settings.redis_url or "")
    if not servers.database_url:
        postgres = EmbeddedPostgres(paths)
        postgres.prepare()
        servers.database_url = postgres.url()
        servers.embedded.append(postgres)
    if not servers.redis_url:
        redis = EmbeddedRedis(paths)
        redis.prepare()
        servers.redis_url = redis.url()
        servers.embedded.append(redis)
    _plan_model(settings, fleet, servers)
    return servers


def _plan_model(settings: WorkerSettings, fleet: Fleet, servers: Servers) -> None:
    """One model server whose slots the local pools share."""
    if settings.embedded_base_url or not fleet.embedded_slots:
        servers.embedded_base_url, servers.embedded_key = settings.embedded_base_url, settings.embedded_key
        return
    name, spec = next((n, m) for n, m in fleet.models.items() if fleet.providers[m.provider].embedded)
    model = EmbeddedModel(
        slots=fleet.embedded_slots,
        context_tokens=spec.context_tokens * fleet.embedded_slots,
        threads=settings.embedded_threads or max(1, usable_cores() - 1),
        alias=spec.remote_name or name,
    )
    model.prepare()
    servers.embedded_base_url, servers.embedded_key = model.base_url(), model.key
    servers.embedded.append(model)


def _watched(server: EmbeddedServer, log_path: Path) -> Watched:
    def prepared() -> Launch:
        server.prepare()
        return launch_of(server, log_path)

    return Watched(launch_of(server, log_path), before_start=prepared)
