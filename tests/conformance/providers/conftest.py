"""A scripted server in a process of its own, and each provider in front of it."""

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from staffel.fleet import Protocol
from tests.conformance.providers.scripted_server import KEY, MODEL, ScriptedServer, base_url
from workers.providers.gate import open_provider
from workers.providers.seam import Endpoint, Provider

START_LIMIT_S = 60.0


@pytest.fixture(scope="session")
def scripted_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedServer]:
    folder = tmp_path_factory.mktemp("scripted")
    port_file, ledger_file = folder / "port", folder / "ledger.jsonl"
    options = ["--port-file", port_file, "--ledger", ledger_file, "--seed", "7", "--model", MODEL]
    command = [sys.executable, "-m", "workers.scripted_provider", *map(str, options)]
    with subprocess.Popen(command) as process:
        try:
            url = f"http://127.0.0.1:{_port(process, port_file)}"
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
                yield ScriptedServer(url, ledger_file, http)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _port(process: "subprocess.Popen[bytes]", port_file: Path) -> int:
    limit = time.monotonic() + START_LIMIT_S
    while not port_file.exists():
        assert process.poll() is None, "the scripted server ended at its start"
        assert time.monotonic() < limit, "the scripted server did not start"
        time.sleep(0.02)
    return int(port_file.read_text(encoding="utf-8"))


@pytest.fixture
def server(scripted_process: ScriptedServer) -> ScriptedServer:
    scripted_process.reset()
    return scripted_process


@pytest.fixture(params=list(Protocol), ids=lambda protocol: protocol.value)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    chosen: Protocol = request.param
    return chosen


@pytest.fixture(params=[True, False], ids=["in the house", "outside"])
def local(request: pytest.FixtureRequest) -> bool:
    """A provider in the house is reached past any proxy: its HTTP client is made in another way."""
    return bool(request.param)


@pytest.fixture
async def provider(protocol: Protocol, local: bool, server: ScriptedServer) -> AsyncIterator[Provider]:
    opened = open_provider(protocol, Endpoint(base_url(protocol, server.url), KEY, local=local))
    yield opened
    await opened.close()
