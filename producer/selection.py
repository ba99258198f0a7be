"""Which jobs somebody means; what is not given does not narrow."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from staffel.contracts.states import JobState
from staffel.contracts.tiers import Tier

if TYPE_CHECKING:
    from staffel.storage.repositories.jobs import JobFilter


@dataclass(frozen=True, slots=True)
class Selection:
    """Jobs that all of this is true of; `older_than` is the time since they ended."""

    states: tuple[JobState, ...] = ()
    job_ids: tuple[UUID, ...] = ()
    tier: Tier | None = None
    task: str | None = None
    error_code: str | None = None
    batch_id: UUID | None = None
    older_than: timedelta | None = None
    ended_before: datetime | None = None

    @property
    def narrows(self) -> bool:
        """Whether anything but a state is given."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "states")

    def of(self, tenant_id: str) -> "JobFilter":
        """Those of them that are the tenant's."""
        from staffel.storage.repositories.jobs import JobFilter

        return JobFilter(tenant_id, **{field.name: getattr(self, field.name) for field in fields(self)})
