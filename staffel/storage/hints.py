"""The one sender of hints: ready-made Celery messages pushed into Redis.

A hint carries ids and nothing else; losing, doubling or forging one changes nothing. Celery spends about
0.2 ms on a message; built here and pushed by one LPUSH, hundreds cost little more than one. The envelope is
protocol 2 of Celery's message reference inside that of kombu's virtual transport; a test holds it against
what Celery itself sends.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import UUID, uuid4

from redis.asyncio import Redis

from staffel.contracts.tasks import CeleryTask

#: kombu puts what stands behind the queue's name between these two bytes and the priority.
PRIORITY_SEPARATOR = "\x06\x16"

#: Body of a message without callbacks, errbacks, chain or chord.
NO_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}

#: A new value in this key would mean that Redis forgot everything else, too.
EPOCH_KEY = "staffel:epoch"

#: Stands while somebody wants a tier's window topped up and nobody has looked since.
AGAIN_KEY = "staffel:again:{tier}"
AGAIN_EXPIRES_S = 60


class Level(IntEnum):
    """The two lists of a queue. Redis serves all of `EXPRESS` first; finer order is made in SQL."""

    EXPRESS = 0
    NORMAL = 9


PRIORITY_STEPS = [int(level) for level in Level]


@dataclass(frozen=True, slots=True)
class Hint:
    """Look at these ids."""

    task: CeleryTask
    queue: str
    ids: tuple[UUID, ...]
    level: Level = Level.NORMAL


class HintSender:
    """Pushes hints; call it only after the commit that they tell of."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def send(self, hints: Iterable[Hint]) -> None:
        """One LPUSH a list. Raises redis.exceptions.RedisError; the reconciler makes up for it."""
        lists: dict[str, list[bytes]] = {}
        for hint in hints:
            lists.setdefault(list_name(hint.queue, hint.level), []).append(envelope(hint))
        if not lists:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for name, messages in lists.items():
            pipeline.lpush(name, *messages)
        await pipeline.execute()

    async def waiting(self, queue: str) -> set[UUID]:
        """The ids that stand in a queue's lists now; what is not a hint of ours is passed over."""
        found: set[UUID] = set()
        for level in Level:
            for message in await self._redis.lrange(list_name(queue, level), 0, -1):
                found.update(ids_in(message))
        return found

    async def renew_epoch(self) -> bool:
        """Sets the epoch key if it is gone; True when it was: Redis lost what it held."""
        return bool(await self._redis.set(EPOCH_KEY, str(uuid4()), nx=True))

    async def leave_flag(self, tier: str) -> None:
        """Says that the tier's window should be looked at once more."""
        await self._redis.set(AGAIN_KEY.format(tier=tier), "1", ex=AGAIN_EXPIRES_S)

    async def take_flag(self, tier: str) -> None:
        await self._redis.delete(AGAIN_KEY.format(tier=tier))

    async def flag_stands(self, tier: str) -> bool:
        return bool(await self._redis.exists(AGAIN_KEY.format(tier=tier)))


def list_name(queue: str, level: Level) -> str:
    """The Redis list behind a queue's priority, as kombu names it."""
    return queue if level == 0 else f"{queue}{PRIORITY_SEPARATOR}{int(level)}"


def envelope(hint: Hint) -> bytes:
    """The Celery message of a hint, as JSON."""
    message_id = str(uuid4())
    body = json.dumps([[[str(identifier) for identifier in hint.ids]], {}, NO_EMBED])
    message = {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": _headers(hint, message_id),
        "properties": {
            "correlation_id": message_id,
            "reply_to": None,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": hint.queue},
            "priority": int(hint.level),
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
        },
    }
    return json.dumps(message).encode()


def ids_in(message: bytes | str) -> Sequence[UUID]:
    """The ids that a message carries; empty when it is none of ours."""
    try:
        body = json.loads(base64.b64decode(json.loads(message)["body"]))
        return [UUID(identifier) for identifier in body[0][0]]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return []


def _headers(hint: Hint, message_id: str) -> dict[str, Any]:
    return {
        "lang": "py",
        "task": hint.task.value,
        "id": message_id,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": message_id,
        "parent_id": None,
        "argsrepr": "",
        "kwargsrepr": "",
        "origin": "staffel",
        "ignore_result": True,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
