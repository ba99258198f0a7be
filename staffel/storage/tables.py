"""Every table of the project. Money is numeric USD, times are timestamptz from the database's clock."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from staffel.contracts.privacy import DataClass
from staffel.contracts.states import OPEN, AttemptOutcome, CallbackState, CallPurpose, CallState, JobState
from staffel.contracts.tiers import Tier

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

USD = Numeric(18, 9)
Time = TIMESTAMP(timezone=True)


def _one_of(column: str, values: Iterable[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _now(name: str) -> Column[object]:
    return Column(name, Time, nullable=False, server_default=func.now())


def _days(name: str, *, least: int = 0) -> Column[object]:
    """How many days a tenant keeps something: NULL as the settings say, 0 for ever."""
    rule = f"{name} BETWEEN 0 AND 36500" + (f" AND ({name} = 0 OR {name} >= {least})" if least else "")
    return Column(name, Integer, CheckConstraint(rule, name=name))


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, postgresql_where=text(where))


OPEN_STATES = "state IN (" + ", ".join(f"'{state}'" for state in sorted(OPEN)) + ")"
WAITING = "state = 'queued' AND dispatched_at IS NULL"

tenants = Table(
    "tenants",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "weight", Double, CheckConstraint("weight > 0", name="weight"), nullable=False, server_default="1"
    ),
    # its own ages of retention (docs/retention.md)
    _days("keep_jobs_days"),
    _days("keep_failed_days"),
    _days("keep_payloads_days"),
    _days("keep_keys_days", least=7),
    _now("created_at"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("name", Text),
    Column("callback_url", Text),
    Column("metadata", JSONB, nullable=False, server_default="{}"),
    _now("submitted_at"),
    Column("finished_at", Time),
    Index("ix_batches_tenant_id_submitted_at", "tenant_id", "submitted_at"),
    _partial("ix_batches_open", "submitted_at", where="finished_at IS NULL"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("job_id", Uuid),
    Column("batch_id", Uuid),
    _now("created_at"),
    Index("ix_idempotency_keys_tenant_id_created_at", "tenant_id", "created_at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("batch_id", Uuid, ForeignKey("batches.id", ondelete="CASCADE")),
    Column("batch_index", Integer),
    Column("source", Text),
    Column("task", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("data_class", Text, nullable=False),
    Column("forced_tier", Text),
    Column("forced_model", Text),
    Column(
        "priority", SmallInteger, CheckConstraint("priority BETWEEN 0 AND 9", name="priority"), nullable=False
    ),
    Column("max_cost_usd", USD),
    Column("deadline", Time),
    Column("callback_url", Text),
    Column("metadata", JSONB, nullable=False, server_default="{}"),
    # where it is
    Column("state", Text, nullable=False),
    Column("tier", Text),
    Column("permitted_tiers", ARRAY(Text)),
    Column("input_tokens", Integer, nullable=False, server_default="0"),
    Column("max_output_tokens", Integer, nullable=False, server_default="0"),
    Column("rank_at", Time),
    Column("run_at", Time, nullable=False, server_default=func.now()),
    Column("dispatched_at", Time),
    Column("degraded_reason", Text),
    Column("error_code", Text),
    Column("error_message", Text),
    # who runs it
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("lease_token", Uuid),
    Column("lease_until", Time),
    Column("worker", Text),
    Column("cancel_requested", Boolean, nullable=False, server_default="false"),
    Column("quarantined", Boolean, nullable=False, server_default="false"),
    # counters, each with a limit of its own
    Column("transient_failures", Integer, nullable=False, server_default="0"),
    Column("escalations", Integer, nullable=False, server_default="0"),
    Column("crashes", Integer, nullable=False, server_default="0"),
    _now("submitted_at"),
    Column("queued_at", Time),
    Column("started_at", Time),
    Column("finished_at", Time),
    _one_of("state", JobState),
    _one_of("data_class", DataClass),
    CheckConstraint("tier IS NULL OR tier IN (" + ", ".join(f"'{t}'" for t in Tier) + ")", name="tier"),
    CheckConstraint("(state = 'running') = (lease_token IS NOT NULL)", name="lease"),
    CheckConstraint(f"({OPEN_STATES}) = (finished_at IS NULL)", name="finished"),
    # the next rows of a tier, a tenant at a time, in rank order
    _partial("ix_jobs_waiting", "tier", "tenant_id", "rank_at", "id", where=WAITING),
    _partial("ix_jobs_waiting_deadline", "tier", "deadline", where=WAITING + " AND deadline IS NOT NULL"),
    _partial("ix_jobs_window", "tier", "rank_at", where="state = 'queued' AND dispatched_at IS NOT NULL"),
    _partial("ix_jobs_leases", "lease_until", where="state = 'running'"),
    _partial("ix_jobs_unclassified", "submitted_at", where="state = 'submitted'"),
    _partial("ix_jobs_open_deadline", "deadline", where=f"{OPEN_STATES} AND deadline IS NOT NULL"),
    _partial("ix_jobs_open_batch", "batch_id", where=OPEN_STATES),
    _partial("ix_jobs_batch", "batch_id", "batch_index", where="batch_id IS NOT NULL"),
    # what ended, the oldest first: for the pruner and for dead letters
    _partial("ix_jobs_ended", "tenant_id", "state", "finished_at", where="finished_at IS NOT NULL"),
    Index("ix_jobs_listing", "tenant_id", "submitted_at", "id"),
)

payloads = Table(
    "payloads",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("content", JSONB, nullable=False),
    Column("options", JSONB, nullable=False),
)

routing_decisions = Table(
    "routing_decisions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("tier", Text),
    Column("task_type", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("excluded", JSONB, nullable=False),
    Column("features", JSONB, nullable=False),
    Column("router_version", Text, nullable=False),
    Column("microseconds", Integer, nullable=False),
    _now("decided_at"),
    Index("ix_routing_decisions_job_id", "job_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("lease_token", Uuid, nullable=False),
    Column("tier", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("answer", Text),
    Column("finish_reason", Text),
    Column("model", Text),
    Column("score", Double),
    Column("failed_checks", JSONB, nullable=False, server_default="[]"),
    Column("error_code", Text),
    Column("error_message", Text),
    _now("started_at"),
    Column("finished_at", Time),
    _one_of("outcome", AttemptOutcome),
    _partial("ix_attempts_recent", "tier", "finished_at", where="outcome = 'succeeded'"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("estimated_input_tokens", Integer, nullable=False),
    Column("output_limit_tokens", Integer, nullable=False),
    Column("request_id", Text),
    Column("error_code", Text),
    Column("latency_ms", Double),
    _now("intended_at"),
    Column("finished_at", Time),
    _one_of("state", CallState),
    _one_of("purpose", CallPurpose),
    Index("ix_calls_job_id", "job_id"),
    _partial("ix_calls_intended", "intended_at", where="state = 'intended'"),
)

results = Table(
    "results",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("tier", Text, nullable=False),
    Column("provider", Text),
    Column("model", Text),
    Column("text", Text, nullable=False),
    Column("data", JSONB(none_as_null=True)),
    Column("finish_reason", Text, nullable=False),
    Column("unverified", Boolean, nullable=False),
    Column("failed_checks", JSONB, nullable=False, server_default="[]"),
    Column("degraded_reason", Text),
    _now("created_at"),
)

#: The ledger. It carries what it needs itself and refers to nothing, so that jobs can be pruned.
costs = Table(
    "costs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("call_id", Uuid, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('booking', 'correction')", name="kind"), nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("tenant_id", Text, nullable=False),
    Column("batch_id", Uuid),
    Column("job_id", Uuid, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("task", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("slot_seconds", Double),
    Column("input_usd_per_million", USD),
    Column("output_usd_per_million", USD),
    Column("amount_usd", USD),
    Column("baseline_usd", USD),
    _now("booked_at"),
    UniqueConstraint("call_id", "kind"),
    Index("ix_costs_job_id", "job_id"),
    Index("ix_costs_batch_id", "batch_id"),
    Index("ix_costs_tenant_id_booked_at", "tenant_id", "booked_at"),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE")),
    Column("batch_id", Uuid, ForeignKey("batches.id", ondelete="CASCADE")),
    Column("event", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("deliveries", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("run_at", Time, nullable=False, server_default=func.now()),
    _now("created_at"),
    Column("delivered_at", Time),
    _one_of("state", CallbackState),
    UniqueConstraint("job_id", "event"),
    UniqueConstraint("batch_id", "event"),
    _partial("ix_callbacks_due", "run_at", where="state = 'pending'"),
)

#: Start-time fair queueing: a tenant's clock a tier (docs/decisions/0004-order-in-sql.md).
tenant_tiers = Table(
    "tenant_tiers",
    metadata,
    Column("tenant_id", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("tier", Text, primary_key=True),
    Column("virtual_time", Double, nullable=False, server_default="0"),
    Column("last_start", Double, nullable=False, server_default="0"),
    Index("ix_tenant_tiers_tier_last_start", "tier", "last_start"),
)
