"""Sends an answer the way the script wants it: late, dripping, cut off, or never."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from workers.scripted_provider.ledger import Ending
from workers.scripted_provider.script import Action

#: Of an answer that is not a stream, this much is sent at a time when it drips.
DRIP_BYTES = 32


@dataclass(frozen=True, slots=True)
class Parcel:
    """An answer in bytes. A stream has no length; all else is sent with one."""

    status: int
    headers: dict[str, str]
    parts: list[bytes]
    stream: bool

    @property
    def all_headers(self) -> dict[str, str]:
        length = {} if self.stream else {"content-length": str(sum(map(len, self.parts)))}
        return {**self.headers, **length}


class Delivery:
    """Sends a parcel under an action and tells how that ended."""

    def __init__(self, parcel: Parcel, action: Action, settle: Callable[[Ending], Awaitable[None]]) -> None:
        self._parcel = parcel
        self._action = action
        self._settle = settle

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        sent = await self._deliver(receive, send)
        await self._settle(Ending.SENT if sent else Ending.LEFT)

    async def _deliver(self, receive: Receive, send: Send) -> bool:
        """Whether everything that was to be sent went out before the client left."""
        limit_s = None if self._action.hang else self._action.delay_ms / 1000
        if limit_s != 0 and await client_leaves(receive, limit_s):
            return False
        headers = [(name.encode(), value.encode()) for name, value in self._parcel.all_headers.items()]
        await send({"type": "http.response.start", "status": self._parcel.status, "headers": headers})
        for part in self._parts():
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if self._action.drip_ms and await client_leaves(receive, self._action.drip_ms / 1000):
                return False
        if not self._action.reset:  # an answer left unfinished makes the server close the connection
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        return True

    def _parts(self) -> list[bytes]:
        parts = self._parcel.parts
        if self._parcel.stream:
            return parts[: len(parts) // 2] if self._action.reset else parts
        whole = b"".join(parts)
        whole = whole[: len(whole) // 2] if self._action.reset else whole
        size = DRIP_BYTES if self._action.drip_ms else max(len(whole), 1)
        return [whole[start : start + size] for start in range(0, len(whole), size)]


async def client_leaves(receive: Receive, limit_s: float | None) -> bool:
    """Waits, at most `limit_s` seconds, for the client to close the connection."""
    try:
        async with asyncio.timeout(limit_s):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
