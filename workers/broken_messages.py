"""Keeps a worker alive when a message in its queue is no JSON.

kombu 5.7.0 lets the JSONDecodeError of `Channel._brpop_read` through (kombu/transport/redis.py), and the
worker exits: anybody who can write into the broker could stop the fleet, a message at a time. A message
without properties ends in a KeyError instead, which counts as a lost connection: the message is gone and
the worker goes on. So what cannot be read is handed on as such an empty message. A test fails when kombu
mends it.
"""

import json
from typing import Any

import structlog
from kombu.transport import redis as transport
from kombu.utils.json import loads

log = structlog.get_logger(__name__)


def install() -> None:
    """Replaces the transport's JSON reader in this process."""
    transport.loads = tolerant_loads  # type: ignore[attr-defined, assignment]  # an import of theirs


def tolerant_loads(text: str | bytes) -> Any:
    """Like kombu's `loads`, but what is no JSON object comes out as an empty message."""
    try:
        message = loads(text)
    except (json.JSONDecodeError, RecursionError):
        log.warning("message_dropped", reason="not JSON")
        return {}
    return message if isinstance(message, dict) else {}
