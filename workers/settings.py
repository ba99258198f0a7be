"""Settings of the workers: leases, counters, backoff, and what this process serves."""

from datetime import timedelta

from pydantic import Field

from staffel.settings import Settings


class WorkerSettings(Settings):
    """Times in seconds, limits as counts."""

    pool: str | None = Field(default=None, description="the pool of fleet.toml that this worker serves")
    embedded_base_url: str | None = None
    embedded_key: str | None = Field(default=None, repr=False)
    embedded_threads: int | None = Field(default=None, ge=1, description="threads of the embedded model")

    lease_s: float = Field(default=60.0, gt=0)
    heartbeat_s: float = Field(default=20.0, gt=0)
    reconcile_s: float = Field(default=2.0, gt=0)
    hint_lost_after_s: float = Field(default=10.0, gt=0)
    call_timeout_s: float = Field(default=300.0, gt=0)
    grace_s: float = Field(default=10.0, ge=0, description="how long running calls may end at shutdown")

    max_transient_failures: int = Field(default=5, ge=0, description="a tier")
    max_escalations: int = Field(default=3, ge=0, description="fallbacks to another tier included")
    max_crashes: int = Field(default=2, ge=1)
    backoff_base_s: float = Field(default=1.0, gt=0)
    backoff_cap_s: float = Field(default=300.0, gt=0)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_s)

    @property
    def call_timeout(self) -> timedelta:
        return timedelta(seconds=self.call_timeout_s)
