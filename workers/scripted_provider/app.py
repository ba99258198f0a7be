"""The stand-in's web application: three protocols, a script to follow and a ledger to read."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from workers.scripted_provider.answers import answer_to
from workers.scripted_provider.conversation import Answer, Call
from workers.scripted_provider.delivery import Delivery, Parcel
from workers.scripted_provider.ledger import Entry, Ledger, Outcome
from workers.scripted_provider.protocols import DIALECTS, Dialect
from workers.scripted_provider.protocols.dialect import Fault
from workers.scripted_provider.protocols.ollama import CREATED_AT, model_details
from workers.scripted_provider.protocols.openai import CREATED
from workers.scripted_provider.script import RULES, Action, Script

#: How long `GET /_ledger?recorded=N&settled=M` waits at most.
MAX_WAIT_S = 10.0
OLLAMA_VERSION = "0.12.0"


class ScriptedServer:
    """Answers requests by the script and writes each into the ledger first."""

    def __init__(self, *, seed: int, ledger: Ledger, models: Sequence[str]) -> None:
        self._seed = seed
        self._ledger = ledger
        self._models = models
        self._script = Script([], seed)

    def routes(self) -> list[Route]:
        conversations = [
            Route(path, partial(self._converse, dialect), methods=["POST"])
            for path, dialect in DIALECTS.items()
        ]
        return [
            *conversations,
            Route("/v1/models", self._model_list),
            Route("/api/tags", self._tags),
            Route("/api/ps", self._tags),
            Route("/api/show", self._show, methods=["POST"]),
            Route("/api/version", self._version),
            Route("/_ledger", self._read_ledger, methods=["GET"]),
            Route("/_ledger", self._clear_ledger, methods=["DELETE"]),
            Route("/_script", self._follow, methods=["PUT"]),
            Route("/_script", self._forget, methods=["DELETE"]),
        ]

    async def _converse(self, dialect: Dialect, request: Request) -> ASGIApp:
        sequence = self._ledger.next_sequence()
        call, action, answer = self._played(dialect, await request.body(), f"req-{sequence:06d}")
        await self._ledger.record(_entry(sequence, call, action, answer))
        parcel = _parcel(dialect, call, action, answer)
        return Delivery(parcel, action, partial(self._ledger.settle, sequence))

    def _played(self, dialect: Dialect, body: bytes, request_id: str) -> tuple[Call, Action, Answer]:
        """What the script makes of a request; one that is no request is refused with 400."""
        try:
            call = dialect.call(json.loads(body))
            action = self._script.action_for(call)
            return call, action, answer_to(call, action, seed=self._seed, request_id=request_id)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            call = Call(dialect.protocol, model="", contents=(body.decode("utf-8", "replace"),))
            action = Action(status=400, error_message=f"not a request: {error!r}")
            return call, action, answer_to(call, action, seed=self._seed, request_id=request_id)

    async def _model_list(self, _request: Request) -> Response:
        models = [
            {
                "id": name,
                "object": "model",
                "type": "model",
                "created": CREATED,
                "created_at": CREATED_AT,
                "owned_by": "scripted",
                "display_name": name,
            }
            for name in self._models
        ]
        ends = {"first_id": self._models[0], "last_id": self._models[-1], "has_more": False}
        return JSONResponse({"object": "list", "data": models, **ends})

    async def _tags(self, _request: Request) -> Response:
        return JSONResponse({"models": [model_details(name) for name in self._models]})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(model_details((await request.json())["model"]))

    async def _version(self, _request: Request) -> Response:
        return JSONResponse({"version": OLLAMA_VERSION})

    async def _read_ledger(self, request: Request) -> Response:
        recorded, settled = (int(request.query_params.get(name, 0)) for name in ("recorded", "settled"))
        await self._ledger.wait_for(recorded=recorded, settled=settled, timeout_s=MAX_WAIT_S)
        return JSONResponse(self._ledger.rows())

    async def _clear_ledger(self, _request: Request) -> Response:
        self._ledger.clear()
        return Response(status_code=204)

    async def _follow(self, request: Request) -> Response:
        try:
            rules = RULES.validate_json(await request.body())
        except ValidationError as error:
            return Response(error.json(include_url=False), 422, media_type="application/json")
        self._script = Script(rules, self._seed)
        return Response(status_code=204)

    async def _forget(self, _request: Request) -> Response:
        self._script = Script([], self._seed)
        return Response(status_code=204)


def build_app(*, seed: int, ledger: Ledger, models: Sequence[str]) -> Starlette:
    """The application; it closes the ledger when it ends."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        ledger.close()

    return Starlette(
        routes=ScriptedServer(seed=seed, ledger=ledger, models=models).routes(), lifespan=lifespan
    )


def _entry(sequence: int, call: Call, action: Action, answer: Answer) -> Entry:
    outcome = _outcome(action)
    charged = outcome in {Outcome.COMPLETE, Outcome.RESET}
    return Entry(
        sequence=sequence,
        protocol=call.protocol.value,
        model=call.model,
        received_at=datetime.now(UTC),
        request_id=answer.request_id,
        fingerprint=call.fingerprint,
        marker=call.marker,
        input_tokens=answer.input_tokens if charged else 0,
        output_tokens=answer.output_tokens if charged else 0,
        cached_tokens=answer.cached_tokens if charged else 0,
        outcome=outcome,
    )


def _outcome(action: Action) -> Outcome:
    if action.hang:
        return Outcome.HUNG
    if action.status is not None:
        return Outcome.REFUSED
    return Outcome.RESET if action.reset else Outcome.COMPLETE


def _parcel(dialect: Dialect, call: Call, action: Action, answer: Answer) -> Parcel:
    headers = {"content-type": "application/json"}
    if dialect.request_id_header is not None:
        headers[dialect.request_id_header] = answer.request_id
    if action.status is not None:
        message = action.error_message or f"the script says {action.status}"
        body = dialect.refusal(Fault(action.status, message, answer.request_id, action.error_code))
        if action.retry_after is not None:
            headers["retry-after"] = str(action.retry_after)
        if action.location is not None:
            headers["location"] = action.location
        return Parcel(action.status, headers, [json.dumps(body).encode()], stream=False)
    if call.stream:
        parts = dialect.stream(call, answer)
        headers["content-type"] = dialect.stream_media_type
    else:
        parts = [json.dumps(dialect.whole(call, answer)).encode()]
    if action.broken_json:
        middle = len(parts) // 2
        parts[middle] = parts[middle][: len(parts[middle]) * 2 // 3]
    return Parcel(200, headers, parts, stream=call.stream)
