"""Settings of the workers: leases, counters, backoff, and what this process serves."""

from datetime import timedelta

from pydantic import Field, ValidationInfo, field_validator

from staffel.contracts.retention import Keep
from staffel.settings import Settings

#: Days; 0 keeps for ever.
MAX_DAYS = 36_500
#: Whoever sends a request again does so within a week.
MIN_KEYS_DAYS = 7


class WorkerSettings(Settings):
    """Times in seconds, ages of retention in days, limits as counts."""

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
    stuck_after_s: float = Field(default=30.0, ge=4, description="a process whose loop does not turn so long")
    health_name: str | None = Field(default=None, description="under which this process reports its health")

    max_transient_failures: int = Field(default=5, ge=0, description="a tier")
    max_escalations: int = Field(default=3, ge=0, description="fallbacks to another tier included")
    max_crashes: int = Field(default=2, ge=1)
    backoff_base_s: float = Field(default=1.0, gt=0)
    backoff_cap_s: float = Field(default=300.0, gt=0)

    breaker_failures: int = Field(default=5, ge=1, description="in a row, of one provider, by all workers")
    breaker_cooldown_s: float = Field(default=10.0, ge=0.1)
    breaker_cooldown_cap_s: float = Field(default=120.0, ge=0.1)

    prune_every_s: float = Field(default=60.0, ge=0, description="0: only by `staffel prune`")
    keep_jobs_days: int = Field(default=90, ge=0, le=MAX_DAYS, description="succeeded and cancelled")
    keep_failed_days: int = Field(default=180, ge=0, le=MAX_DAYS, description="failed and dead")
    keep_payloads_days: int = Field(default=30, ge=0, le=MAX_DAYS, description="contents of ended jobs")
    keep_keys_days: int = Field(default=30, ge=0, le=MAX_DAYS, description="idempotency keys, 7 or more")

    @field_validator("heartbeat_s")
    @classmethod
    def _renews_in_time(cls, heartbeat_s: float, others: ValidationInfo) -> float:
        lease_s = others.data.get("lease_s")
        if lease_s is not None and heartbeat_s >= lease_s:
            raise ValueError(
                f"{heartbeat_s:g} s must be shorter than STAFFEL_LEASE_S ({lease_s:g} s), best a third: "
                "every lease would run out before it is renewed"
            )
        return heartbeat_s

    @field_validator("keep_keys_days")
    @classmethod
    def _keys_outlast_retries(cls, days: int) -> int:
        if 0 < days < MIN_KEYS_DAYS:
            raise ValueError(f"must be {MIN_KEYS_DAYS} or more, or 0 to keep keys for ever")
        return days

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_s)

    @property
    def call_timeout(self) -> timedelta:
        return timedelta(seconds=self.call_timeout_s)

    @property
    def keep(self) -> Keep:
        return Keep(
            jobs_days=self.keep_jobs_days,
            failed_days=self.keep_failed_days,
            payloads_days=self.keep_payloads_days,
            keys_days=self.keep_keys_days,
        )
