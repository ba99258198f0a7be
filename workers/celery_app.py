"""The Celery app: the engine that carries hints and runs pools, configured here and nowhere else.

Why each setting is as it is: docs/decisions/0001-postgres-is-the-truth.md and 0003-celery-carries-hints.md.
"""

from typing import Any

from celery import Celery
from kombu.entity import Queue as KombuQueue

from staffel.contracts.tiers import ALL_QUEUES
from staffel.storage.broker import CONNECT_TIMEOUT_S, SOCKET_TIMEOUT_S, broker_url
from staffel.storage.hints import PRIORITY_STEPS, Level
from workers.tasks import register

MIN_VISIBILITY_S = 3.0


def create_app(
    redis_url: str, *, name: str = "staffel", slots: int = 1, hint_lost_after_s: float = 10.0
) -> Celery:
    """A Celery app for a worker with so many slots, or for Flower. Connects to nothing yet."""
    app = Celery("staffel", broker=broker_url(redis_url), set_as_current=True)
    app.conf.update(
        _messages()
        | _delivery()
        | _worker()
        | {"broker_transport_options": _transport(name, slots, hint_lost_after_s)}
    )
    register(app)
    return app


def _messages() -> dict[str, Any]:
    """JSON only; results live in Postgres."""
    return {
        "task_serializer": "json",
        "result_serializer": "json",
        "event_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "result_backend": None,
        "task_store_errors_even_if_ignored": False,
        "task_queues": [KombuQueue(queue, routing_key=queue) for queue in ALL_QUEUES],
        "task_create_missing_queues": False,
        "task_default_queue": None,
        "task_default_priority": int(Level.NORMAL),
    }


def _delivery() -> dict[str, Any]:
    """Early acks and no prefetch: leases and the reconciler own recovery, so `unacked` stays empty."""
    return {
        "task_acks_late": False,
        "task_reject_on_worker_lost": False,
        "task_track_started": False,
        "worker_disable_prefetch": True,
        "worker_prefetch_multiplier": 1,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "task_publish_retry_policy": {
            "max_retries": 3,
            "interval_start": 0.1,
            "interval_step": 0.2,
            "interval_max": 1,
        },
    }


def _worker() -> dict[str, Any]:
    """Events for Flower; logging is ours."""
    return {
        "worker_send_task_events": True,
        "task_send_sent_event": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_max_tasks_per_child": None,
    }


def _transport(name: str, slots: int, hint_lost_after_s: float) -> dict[str, Any]:
    """Each kind of worker has `unacked` keys of its own: on shared keys the shortest timeout would win.

    A hint is unacknowledged for milliseconds only; one that stays so belongs to a dead worker, and the
    visibility timeout clears it away. That it is taken out twice then changes nothing.
    """
    timeout_s = max(MIN_VISIBILITY_S, hint_lost_after_s)
    return {
        "priority_steps": PRIORITY_STEPS,
        "queue_order_strategy": "round_robin",
        "visibility_timeout": timeout_s,
        "unacked_restore_interval": timeout_s,
        "unacked_restore_throttle": 1,
        "unacked_key": f"unacked.{name}",
        "unacked_index_key": f"unacked_index.{name}",
        "unacked_mutex_key": f"unacked_mutex.{name}",
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "max_connections": 2 * slots + 20,
        "client_name": f"staffel-{name}",
    }
