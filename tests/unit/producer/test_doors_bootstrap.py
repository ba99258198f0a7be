"""Joining the doors: addresses that are missing, wrong, or hold a password."""

import pytest

from producer.bootstrap import open_doors, open_queries, place_of
from staffel.contracts.errors import ConfigurationError, UnreachableError
from staffel.settings import Settings


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://user:secret@host:6379/0", "redis://host:6379/0"),
        ("redis://:secret@host:6379", "redis://host:6379"),
        ("unix:///run/redis.sock?db=0", "unix:///run/redis.sock"),
    ],
)
def test_the_place_of_a_server_shows_no_password(url: str, place: str) -> None:
    assert place_of(url) == place


async def test_a_wrong_database_address_names_its_variable() -> None:
    with pytest.raises(ConfigurationError, match="STAFFEL_DATABASE_URL"):
        async with open_queries(Settings(database_url="nonsense")):
            pass


async def test_a_wrong_redis_address_names_its_variable() -> None:
    with pytest.raises(ConfigurationError, match="STAFFEL_REDIS_URL"):
        async with open_doors(Settings(database_url="postgresql+psycopg:///x", redis_url="nonsense")):
            pass


async def test_a_database_out_of_reach_is_named_with_its_place() -> None:
    url = "postgresql+psycopg://user:secret@127.0.0.1:1/x"
    with pytest.raises(UnreachableError, match=r"PostgreSQL at .*127\.0\.0\.1:1/x") as caught:
        async with open_queries(Settings(database_url=url)) as queries:
            await queries.batches(limit=1)
    assert "secret" not in caught.value.message
