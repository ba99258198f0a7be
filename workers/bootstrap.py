"""Joins the parts of the worker programs from their settings."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from staffel.contracts.errors import ConfigurationError
from staffel.contracts.privacy import DataClass
from staffel.contracts.tiers import Tier
from staffel.fleet import Fleet, load_fleet
from staffel.routing_state import routing_state
from staffel.settings import provider_keys
from staffel.storage.broker import connect_redis
from staffel.storage.circuits import CircuitRules, Circuits
from staffel.storage.database import Database
from staffel.storage.hints import HintSender
from staffel.storage.repositories.runs import Claimer, Offer
from staffel.storage.wakes import Wakes
from workers.classification import Classification
from workers.dispatch.batches import BatchCloser
from workers.dispatch.duties import all_duties
from workers.dispatch.reconciler import Reconciler
from workers.dispatch.window import Dispatcher
from workers.executor import Executor
from workers.executor.leases import Leases
from workers.executor.recorder import Recorder
from workers.handlers import LanguageHandler
from workers.outcomes import Limits
from workers.providers.breaker import CircuitBreaker
from workers.providers.gate import Providers, adapter_of
from workers.retry import Backoff
from workers.services import AfterCommit, ClassifierService, Connections, ControlService, ExecutorService
from workers.settings import WorkerSettings

MAX_DATABASE_CONNECTIONS = 8

#: A process that is frozen inside a transaction must not keep its row locks: others skip locked rows.
FROZEN_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Parts:
    """What every worker program needs."""

    settings: WorkerSettings
    fleet: Fleet
    connections: Connections
    hints: HintSender
    wakes: Wakes
    dispatcher: Dispatcher
    batches: BatchCloser

    @classmethod
    def of(cls, settings: WorkerSettings, *, pool_size: int, name: str) -> Self:
        fleet = load_fleet(settings.fleet_path())
        database = Database(
            settings.require_database_url(),
            pool_size=pool_size,
            name=f"staffel-{name}",
            frozen_after=FROZEN_AFTER,
        )
        redis = connect_redis(settings.require_redis_url())
        hints, wakes = HintSender(redis), Wakes(redis)
        return cls(
            settings=settings,
            fleet=fleet,
            connections=Connections(database, redis),
            hints=hints,
            wakes=wakes,
            dispatcher=Dispatcher(database, hints, fleet),
            batches=BatchCloser(database, wakes),
        )


def executor_service(settings: WorkerSettings, worker: str) -> ExecutorService:
    """The executor of the pool that the settings name."""
    pool = require_pool(settings)
    slots = load_fleet(settings.fleet_path()).pools[pool].slots
    parts = Parts.of(settings, pool_size=min(slots, MAX_DATABASE_CONNECTIONS), name=pool)
    providers = Providers.of(
        parts.fleet,
        provider_keys(),
        settings.embedded_base_url,
        settings.embedded_key,
        guard=CircuitBreaker(Circuits(parts.connections.redis, circuit_rules_of(settings))),
    )
    tier = parts.fleet.pools[pool].tier
    load_protocols(parts.fleet, tier)
    leases = Leases(parts.connections.database, settings.lease)
    executor = Executor(
        settings=settings,
        limits=limits_of(settings),
        claimer=claimer_of(parts.fleet, providers, pool, worker),
        database=parts.connections.database,
        providers=providers,
        leases=leases,
        recorder=Recorder(parts.connections.database, parts.fleet, pool),
        handler=LanguageHandler(settings.call_timeout),
        aftermath=AfterCommit(parts.wakes, parts.batches, parts.dispatcher),
        nothing_on_offer=nothing_on_offer(parts.fleet, providers, tier),
    )
    return ExecutorService(
        connections=parts.connections,
        executor=executor,
        leases=leases,
        providers=providers,
        dispatcher=parts.dispatcher,
        wakes=parts.wakes,
        heartbeat_s=settings.heartbeat_s,
    )


def classifier_service(settings: WorkerSettings) -> ClassifierService:
    parts = Parts.of(settings, pool_size=2, name="classify")
    classification = Classification(
        parts.connections.database, routing_state(parts.fleet), parts.dispatcher, parts.batches, parts.wakes
    )
    return ClassifierService(parts.connections, classification)


def control_service(settings: WorkerSettings) -> ControlService:
    parts = Parts.of(settings, pool_size=2, name="control")
    duties = all_duties(
        settings=settings,
        fleet=parts.fleet,
        database=parts.connections.database,
        hints=parts.hints,
        wakes=parts.wakes,
        dispatcher=parts.dispatcher,
    )
    return ControlService(parts.connections, Reconciler(duties, settings.reconcile_s))


def require_pool(settings: WorkerSettings) -> str:
    """The pool that this worker serves; raises ConfigurationError when it is not declared."""
    fleet = load_fleet(settings.fleet_path())
    if settings.pool not in fleet.pools:
        raise ConfigurationError(f"STAFFEL_POOL: there is no pool {settings.pool!r} in the fleet")
    return settings.pool


def limits_of(settings: WorkerSettings) -> Limits:
    return Limits(
        max_transient_failures=settings.max_transient_failures,
        max_escalations=settings.max_escalations,
        backoff=Backoff(
            base=timedelta(seconds=settings.backoff_base_s), cap=timedelta(seconds=settings.backoff_cap_s)
        ),
    )


def load_protocols(fleet: Fleet, tier: Tier) -> None:
    """Imports the tier's SDKs before any job runs: later the loop would stand still, and leases expire."""
    for model in fleet.tiers[tier].models:
        adapter_of(fleet.provider_of(model).protocol)


def circuit_rules_of(settings: WorkerSettings) -> CircuitRules:
    return CircuitRules(
        failures=settings.breaker_failures,
        cooldown=timedelta(seconds=settings.breaker_cooldown_s),
        cooldown_cap=timedelta(seconds=settings.breaker_cooldown_cap_s),
    )


def claimer_of(fleet: Fleet, providers: Providers, pool: str, worker: str) -> Claimer:
    """What a worker of the pool may claim, and the models it has to offer, by data class."""
    tier = fleet.pools[pool].tier
    permitted = {data_class: fleet.models_for(tier, data_class) for data_class in DataClass}
    return Claimer(
        tier=tier,
        pool=pool,
        worker=worker,
        data_classes=tuple(data_class for data_class, models in permitted.items() if models),
        offers=tuple(
            Offer(data_class, model, fleet.models[model].provider, fleet.models[model].context_tokens)
            for data_class, models in permitted.items()
            for model in models
            if providers.unavailable_reason(model) is None
        ),
    )


def nothing_on_offer(fleet: Fleet, providers: Providers, tier: Tier) -> str:
    """Why the tier has no model for a job, in words."""
    reasons = {providers.unavailable_reason(model) for model in fleet.tiers[tier].models} - {None}
    return ", ".join(sorted(str(reason) for reason in reasons)) or "no model is permitted"
