"""Keeps a worker alive when a message in its queue is no JSON.

kombu 5.7.0 lets the JSONDecodeError of `Channel._brpop_read` through (kombu/transport/redis.py), and the
worker exits: anybody who can write into the broker could stop the fleet, a message at a time. A message
without properties ends in a KeyError instead, which counts as a lost connection: the message is gone and
the worker goes on. So what cannot be read is handed on as such an empty message. A test fails when kombu
mends it.
"""

import json
from collections.abc import Callable
from typing import Any

import structlog
from kombu.transport import redis as transport
from kombu.utils.json import loads

log = structlog.get_logger(__name__)

_deliver: Callable[..., Any] = transport.Transport._deliver


def install() -> None:
    """Changes the transport in this process: its JSON reader, and what it hands on."""
    transport.loads = tolerant_loads  # type: ignore[attr-defined, assignment]  # an import of theirs
    transport.Transport._deliver = deliver_objects  # type: ignore[method-assign]  # as said above


def uninstall() -> None:
    transport.loads = loads  # type: ignore[attr-defined]  # an import of theirs
    transport.Transport._deliver = _deliver  # type: ignore[method-assign]  # as said above


def tolerant_loads(text: str | bytes) -> Any:
    """Like kombu's `loads`, but what is no JSON comes out as an empty message."""
    try:
        return loads(text)
    except (json.JSONDecodeError, RecursionError):
        log.warning("message_dropped", reason="not JSON")
        return {}


def deliver_objects(self: Any, message: Any, queue: str) -> Any:
    """Hands on JSON objects only; what else was in a queue becomes an empty message."""
    return _deliver(self, message if isinstance(message, dict) else {}, queue)
