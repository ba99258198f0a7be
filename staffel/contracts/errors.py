"""The errors of the project.

    StaffelError
    ├── PermanentError            trying again cannot help
    │   ├── InvalidRequestError       (names the field)
    │   │   └── IdempotencyConflictError
    │   ├── ConfigurationError        (names file and field)
    │   ├── ContextExceededError
    │   ├── DataClassError
    │   ├── CostLimitError
    │   ├── DeadlineExceededError
    │   └── ProviderRejectedError     the provider understood and refused
    └── TransientError            may work later; `retry_after` says when
        ├── UnreachableError          a server of ours is down
        ├── ProviderUnavailableError  connection lost or time-out: whether it worked is not known
        │   ├── ProviderOverloadedError   5xx, 429: it answered that it cannot
        │   └── CircuitOpenError          it failed others just now: it was not asked
        └── ProviderUnauthorizedError the key is refused: for people to mend, jobs fall back

The `code` of a class is what is stored with a job and shown to clients.
"""

from datetime import timedelta
from typing import ClassVar

from staffel.contracts.tiers import Tier


class StaffelError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())

    @property
    def message(self) -> str:
        return str(self.args[0])


class PermanentError(StaffelError):
    """Trying again cannot help."""

    code = "permanent"


class TransientError(StaffelError):
    """This may work later."""

    code = "transient"

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidRequestError(PermanentError):
    """The request is not valid."""

    code = "invalid_request"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class IdempotencyConflictError(InvalidRequestError):
    """The idempotency key was used before with another body."""

    code = "idempotency_conflict"


class NotFoundError(PermanentError):
    """There is no such thing."""

    code = "not_found"


class ConfigurationError(PermanentError):
    """The configuration is not valid."""

    code = "configuration"


class UnreadableDocumentError(PermanentError):
    """The document cannot be read."""

    code = "unreadable_document"


class ContextExceededError(PermanentError):
    """The prompt does not fit the context of any permitted model."""

    code = "context_exceeded"

    def __init__(self, *, needed_tokens: int, available_tokens: int) -> None:
        super().__init__(
            f"the prompt and its answer need about {needed_tokens} tokens, "
            f"the largest permitted context holds {available_tokens}"
        )
        self.needed_tokens = needed_tokens
        self.available_tokens = available_tokens


class DataClassError(PermanentError):
    """The data class does not permit this provider."""

    code = "data_class"


class CostLimitError(PermanentError):
    """The call could cost more than max_cost_usd allows."""

    code = "max_cost_usd"


class DeadlineExceededError(PermanentError):
    """The deadline passed."""

    code = "deadline_exceeded"


class ProviderRejectedError(PermanentError):
    """The provider understood the request and refused it."""

    code = "provider_rejected"


class UnreachableError(TransientError):
    """A server that staffel needs cannot be reached."""

    code = "unreachable"


class ProviderUnavailableError(TransientError):
    """The provider cannot answer now."""

    code = "provider_unavailable"


class ProviderOverloadedError(ProviderUnavailableError):
    """The provider answered that it cannot serve the request now."""

    code = "provider_overloaded"


class CircuitOpenError(ProviderUnavailableError):
    """The provider has failed several times in a row and was not asked."""

    code = "circuit_open"

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: timedelta | None = None,
        tiers_elsewhere: frozenset[Tier] = frozenset(),
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.tiers_elsewhere = tiers_elsewhere  # those that another provider serves


class ProviderUnauthorizedError(TransientError):
    """The provider refuses the key."""

    code = "provider_unauthorized"
