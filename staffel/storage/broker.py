"""The address of Redis, as redis-py and as kombu write it."""

from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Redis

from staffel.contracts.errors import ConfigurationError

CONNECT_TIMEOUT_S = 5.0
SOCKET_TIMEOUT_S = 30.0


def connect_redis(url: str) -> Redis:
    """A client for the running event loop, not connected yet. Raises ConfigurationError for a wrong URL."""
    try:
        return Redis.from_url(
            url,
            socket_timeout=SOCKET_TIMEOUT_S,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            health_check_interval=25,
        )
    except ValueError as error:
        raise ConfigurationError(f"STAFFEL_REDIS_URL: {error}") from error


def broker_url(redis_url: str) -> str:
    """kombu's spelling of a redis-py URL: sockets are `redis+socket://` with a `virtual_host`."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"
