"""A ready-made hint is the message that Celery itself would send, and Celery can read it."""

import base64
import json
from typing import Any
from uuid import uuid4

from kombu.connection import Connection

from staffel.contracts.tasks import CeleryTask
from staffel.contracts.tiers import Queue, Tier
from staffel.storage.broker import broker_url
from staffel.storage.hints import Hint, Level, list_name
from tests.support.fleet import Bench
from tests.support.servers import Servers
from workers.celery_app import create_app

#: What differs from one message to the next, or only tells where it came from.
OWN_TO_A_MESSAGE = {"id", "root_id", "origin", "argsrepr", "kwargsrepr"}
OWN_TO_A_DELIVERY = {"correlation_id", "delivery_tag", "reply_to"}


def without(values: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def sent_by_celery(servers: Servers, hint: Hint) -> dict[str, Any]:
    app = create_app(servers.redis_url)
    with app.connection_for_write() as connection:
        app.send_task(
            hint.task.value,
            args=[[str(job_id) for job_id in hint.ids]],
            queue=hint.queue,
            priority=int(hint.level),
            ignore_result=True,
            connection=connection,
        )
    app.close()
    return taken(servers, hint)


def taken(servers: Servers, hint: Hint) -> dict[str, Any]:
    raw: Any = servers.redis.rpop(list_name(hint.queue, hint.level))
    assert raw is not None
    message: dict[str, Any] = json.loads(raw)
    return message


async def test_a_hint_equals_what_celery_sends_key_by_key(bench: Bench, servers: Servers) -> None:
    for level, task, queue in (
        (Level.NORMAL, CeleryTask.RUN, Tier.FAST.value),
        (Level.EXPRESS, CeleryTask.CLASSIFY, Queue.CLASSIFY.value),
    ):
        hint = Hint(task, queue, (uuid4(), uuid4()), level)
        await bench.hints.send([hint])
        ours, theirs = taken(servers, hint), sent_by_celery(servers, hint)
        assert ours["headers"].keys() == theirs["headers"].keys()
        assert without(ours["headers"], OWN_TO_A_MESSAGE) == without(theirs["headers"], OWN_TO_A_MESSAGE)
        assert ours["properties"].keys() == theirs["properties"].keys()
        assert without(ours["properties"], OWN_TO_A_DELIVERY) == without(
            theirs["properties"], OWN_TO_A_DELIVERY
        )
        assert json.loads(base64.b64decode(ours["body"])) == json.loads(base64.b64decode(theirs["body"]))
        assert without(ours, {"headers", "properties", "body"}) == without(
            theirs, {"headers", "properties", "body"}
        )


async def test_celery_can_take_and_decode_a_hint(bench: Bench, servers: Servers) -> None:
    hint = Hint(CeleryTask.RUN, Tier.FAST.value, (uuid4(),))
    await bench.hints.send([hint])
    app = create_app(servers.redis_url)
    with Connection(
        broker_url(servers.redis_url), transport_options=app.conf.broker_transport_options
    ) as connection:
        with connection.SimpleQueue(app.amqp.queues[Tier.FAST.value]) as queue:
            message = queue.get(timeout=5)
            message.ack()
        assert message.headers["task"] == "staffel.run"
        args, kwargs, _ = message.decode()
    app.close()
    assert (args, kwargs) == ([[str(hint.ids[0])]], {})
