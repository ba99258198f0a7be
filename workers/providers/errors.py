"""How a refusal over HTTP becomes one of our errors; each protocol adds only the exceptions of its SDK.

Messages never carry a key, and a cause is stripped of its text: providers quote keys and prompts in theirs.
"""

import asyncio
import email.utils
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from staffel.contracts.errors import (
    ContextExceededError,
    ProviderOverloadedError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
    StaffelError,
    TransientError,
)

MAX_MESSAGE_CHARS = 300
MAX_RETRY_AFTER = timedelta(days=1)

ErrorT = TypeVar("ErrorT", bound=Exception)


class ContextLengthRejectedError(ProviderRejectedError):
    """The prompt is longer than the model's context."""

    code = ContextExceededError.code


#: Every other 5xx is overloaded and every other status rejected: a whole response said no, nothing is owed.
BY_STATUS: Mapping[int, type[StaffelError]] = {
    401: ProviderUnauthorizedError,
    402: ProviderUnauthorizedError,
    403: ProviderUnauthorizedError,
    408: ProviderOverloadedError,
    409: ProviderOverloadedError,
    425: ProviderOverloadedError,
    429: ProviderOverloadedError,
}

#: Codes that say more than the status. A used-up quota comes as 429, but no waiting mends it.
BY_CODE: Mapping[str, type[StaffelError]] = {
    "insufficient_quota": ProviderUnauthorizedError,
    "context_length_exceeded": ContextLengthRejectedError,
    "exceed_context_size_error": ContextLengthRejectedError,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a provider sent instead of an answer: its status, headers, structured codes and message."""

    status: int
    headers: Mapping[str, str]
    message: object = None
    codes: tuple[str | None, ...] = ()


def error_of(refusal: Refusal, secret: str | None) -> StaffelError:
    """Our error for a refusal; the provider's message is kept short and without the key."""
    family = _family(refusal)
    if issubclass(family, ProviderUnauthorizedError):
        return family(f"the provider refuses the key (HTTP {refusal.status})")
    text = f"HTTP {refusal.status}: {readable_message(refusal.message, secret)}".removesuffix(": ")
    if issubclass(family, TransientError):
        return family(text, retry_after=retry_after(refusal.headers, datetime.now(UTC)))
    return family(text)


def _family(refusal: Refusal) -> type[StaffelError]:
    for code in refusal.codes:
        if code is not None and code in BY_CODE:
            return BY_CODE[code]
    if refusal.status >= 500:
        return ProviderOverloadedError
    return BY_STATUS.get(refusal.status, ProviderRejectedError)


def unreadable_answer() -> ProviderUnavailableError:
    """For a body that is not what the protocol promises: cut JSON, a proxy's page, missing fields."""
    return ProviderUnavailableError("the provider's answer cannot be read")


def readable_message(message: object, secret: str | None) -> str:
    """A provider's message on one line, cut, the key struck out; empty when it is no text."""
    if not isinstance(message, str):
        return ""
    known = message.replace(secret, "***") if secret else message
    return "".join(c if c.isprintable() else " " for c in known)[:MAX_MESSAGE_CHARS]


def without_text(error: ErrorT) -> ErrorT:
    """The same exception as a cause that quotes nothing when its traceback is logged."""
    error.args = (type(error).__name__,)
    return error


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the provider asks to wait (RFC 9110, section 10.2.3, and OpenAI's `retry-after-ms`)."""
    if (wait := _duration(headers.get("retry-after-ms"), unit=timedelta(milliseconds=1))) is not None:
        return wait
    text = headers.get("retry-after")
    if (wait := _duration(text, unit=timedelta(seconds=1))) is not None:
        return wait
    try:
        moment = email.utils.parsedate_to_datetime(text or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), MAX_RETRY_AFTER)


def _duration(text: str | None, *, unit: timedelta) -> timedelta | None:
    try:
        count = float(text or "")
    except ValueError:
        return None
    if math.isnan(count) or count < 0:
        return None
    return min(count, MAX_RETRY_AFTER / unit) * unit


def storable(text: str) -> str:
    """Text without NUL and without halves of surrogate pairs, neither of which a database takes."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", "")


@asynccontextmanager
async def time_limit(limit: timedelta) -> AsyncIterator[None]:
    """Ends what runs inside after `limit` with ProviderUnavailableError."""
    try:
        async with asyncio.timeout(limit.total_seconds()):
            yield
    except TimeoutError as error:
        raise ProviderUnavailableError(f"no answer within {limit.total_seconds():g} s") from error
