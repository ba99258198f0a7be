"""Starts the stand-in and says in a file which port it took."""

import argparse
import socket
from pathlib import Path

import uvicorn

from workers.scripted_provider.app import build_app
from workers.scripted_provider.ledger import Ledger


def main() -> None:
    options = _parse()
    listener = socket.create_server((options.host, options.port))
    # Accepted connections inherit it. Without, each answer on a kept connection is held back some 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    app = build_app(seed=options.seed, ledger=Ledger(options.ledger), models=options.model or ["scripted"])
    # Hung requests would hold up a stop for ever; a reset is reported by uvicorn as an error, and is none.
    config = uvicorn.Config(app, log_level="critical", access_log=False, timeout_graceful_shutdown=1)
    if options.port_file is not None:
        _write_port(options.port_file, listener.getsockname()[1])
    uvicorn.Server(config).run(sockets=[listener])


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers.scripted_provider", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="where to write the port that was taken")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ledger", type=Path, help="a file to append every request to, as JSON lines")
    parser.add_argument(
        "--model", action="append", help="a name to list; may be given again (default: scripted)"
    )
    return parser.parse_args()


def _write_port(path: Path, port: int) -> None:
    """In one step, so that who waits for the file never reads half a number."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(str(port), encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main()
