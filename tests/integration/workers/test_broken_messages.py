"""The work-around for messages that are no JSON, and whether it is still needed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from kombu import Connection, Consumer, Queue

from staffel.contracts.tasks import CeleryTask
from staffel.storage.broker import broker_url
from staffel.storage.hints import Hint, Level, envelope
from staffel.storage.ids import new_id
from tests.support.servers import Servers
from workers import broken_messages

BROKEN = [b"\x00\xff no JSON", b"", b"[1, 2]", b"7", b"[" * 5_000]


@pytest.fixture
def as_kombu_has_it() -> Iterator[None]:
    yield
    broken_messages.uninstall()


@contextmanager
def consumer(servers: Servers) -> Iterator[Connection]:
    with (
        Connection(broker_url(servers.redis_url)) as connection,
        Consumer(connection, queues=[Queue("broken")], callbacks=[lambda *_: None]),
    ):
        yield connection


def test_kombu_still_lets_a_message_that_is_no_json_end_the_worker(
    servers: Servers, as_kombu_has_it: None
) -> None:
    servers.redis.lpush("broken", BROKEN[0])
    with pytest.raises(json.JSONDecodeError), consumer(servers) as connection:
        connection.drain_events(timeout=5)


@pytest.mark.parametrize("message", BROKEN)
def test_a_message_that_is_no_json_counts_as_a_lost_connection(
    servers: Servers, as_kombu_has_it: None, message: bytes
) -> None:
    broken_messages.install()
    servers.redis.lpush("broken", message)
    with consumer(servers) as connection, pytest.raises(connection.connection_errors):
        connection.drain_events(timeout=5)
    assert servers.redis.llen("broken") == 0


def test_what_a_dead_worker_held_is_still_restored(servers: Servers, as_kombu_has_it: None) -> None:
    """The same reader reads the messages that were not acknowledged, and those are lists."""
    broken_messages.install()
    servers.redis.lpush("broken", envelope(Hint(CeleryTask.RUN, "broken", (new_id(),), Level.EXPRESS)))
    with Connection(broker_url(servers.redis_url)) as connection:
        consumer_of = Consumer(connection, queues=[Queue("broken")], callbacks=[lambda *_: None])
        with consumer_of:
            connection.drain_events(timeout=5)
            (tag,) = servers.redis.hkeys("unacked")
            consumer_of.channel.qos.restore_by_tag(tag.decode())
    assert servers.redis.llen("broken") == 1
    assert not servers.redis.exists("unacked")
