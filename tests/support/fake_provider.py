"""A provider at the gate's opener seam that answers by script."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from staffel.fleet import Protocol
from staffel.fleet.prices import TokenUsage
from workers.providers.seam import Endpoint, FinishReason, ModelReply, ModelRequest

Act = Callable[[str, ModelRequest], Awaitable[ModelReply]]

USAGE = TokenUsage(input_tokens=100, output_tokens=50)


def says(
    text: str = "Fine.", *, usage: TokenUsage | None = USAGE, finish: FinishReason = FinishReason.STOP
) -> Act:
    """Answers at once."""

    async def act(_: str, __: ModelRequest) -> ModelReply:
        return ModelReply(text, finish, usage, "req-1", timedelta(milliseconds=1))

    return act


def fails(error: Exception) -> Act:
    """Raises."""

    async def act(_: str, __: ModelRequest) -> ModelReply:
        raise error

    return act


def then(look: Callable[[], Awaitable[None]], act: Act) -> Act:
    """Does something while the call is out, and goes on."""

    async def both(model: str, request: ModelRequest) -> ModelReply:
        await look()
        return await act(model, request)

    return both


@dataclass(slots=True)
class Hang:
    """A call that never ends; tells when it began and when it was cancelled."""

    began: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _: str, __: ModelRequest) -> ModelReply:
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        raise AssertionError("nothing ends a hanging call but its cancel")


@dataclass(slots=True)
class FakeProvider:
    """Plays its script, then repeats `otherwise`; remembers what it was asked."""

    script: deque[Act] = field(default_factory=deque)
    otherwise: Act = field(default_factory=says)
    asked: list[tuple[str, ModelRequest]] = field(default_factory=list)

    def open(self, _: Protocol, __: Endpoint) -> "FakeProvider":
        return self

    def plays(self, *acts: Act) -> None:
        self.script.extend(acts)

    async def complete(self, model: str, request: ModelRequest) -> ModelReply:
        self.asked.append((model, request))
        act = self.script.popleft() if self.script else self.otherwise
        return await act(model, request)

    async def close(self) -> None:
        """Holds nothing open."""
