"""What a client gets back: the versioned result of a job."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

from staffel.contracts.states import JobState
from staffel.contracts.tiers import Tier


class JobResult(BaseModel):
    """The end of a job. `text` is None unless it succeeded; `error_code` is set when it failed or died.

    `unverified` marks an answer that no permitted tier could make pass its checks, `degraded_reason` says why
    another tier than the decided one answered. `cost_usd` sums all calls, None when one has no known price.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    version: Literal[1] = 1
    job_id: UUID
    source: str | None = None
    task: str
    state: JobState
    tier: Tier | None = None
    model: str | None = None
    text: str | None = None
    data: JsonValue = None
    finish_reason: str | None = None
    unverified: bool | None = None
    degraded_reason: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    attempts: int = 0
    cost_usd: Decimal | None = None
    metadata: dict[str, str] = {}
    submitted_at: datetime
    finished_at: datetime | None = None
