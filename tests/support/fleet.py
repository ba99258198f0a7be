"""The whole core in one process: submission, classifier, dispatcher, executors and duties on real servers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from producer.submission import Submission, Submitted
from staffel.contracts.requests import BatchRequest, JobRequest
from staffel.contracts.tasks import CeleryTask
from staffel.contracts.tiers import Queue, Tier
from staffel.fleet import Fleet
from staffel.fleet.loader import parse_fleet
from staffel.routing_state import routing_state
from staffel.storage.broker import connect_redis
from staffel.storage.circuits import Circuits
from staffel.storage.database import Database
from staffel.storage.hints import HintSender, Level, ids_in, list_name
from staffel.storage.ids import new_id
from staffel.storage.wakes import Wakes
from tests.support.fake_provider import FakeProvider
from tests.support.servers import Servers
from workers.bootstrap import circuit_rules_of, claimer_of, limits_of, nothing_on_offer
from workers.claims import Claim
from workers.classification import Classification
from workers.dispatch.batches import BatchCloser
from workers.dispatch.duties import all_duties
from workers.dispatch.reconciler import Reconciler
from workers.dispatch.window import Dispatcher
from workers.executor import Executor
from workers.executor.leases import Leases
from workers.executor.recorder import Recorder
from workers.handlers import LanguageHandler
from workers.providers.breaker import CircuitBreaker
from workers.providers.gate import Providers
from workers.services import AfterCommit, Connections, ExecutorService
from workers.settings import WorkerSettings

TENANT = "acme"

FLEET = """
baseline_model = "claude-sonnet-5-5"
price_per_slot_hour_usd = "0.36"
[providers.house]
protocol = "openai"
residency = "local"
base_url = "http://127.0.0.1:9/v1"
[providers.anthropic]
protocol = "anthropic"
residency = "world"
api_key_env = "CLOUD_KEY"
[providers.unpriced]
protocol = "openai"
residency = "world"
base_url = "http://127.0.0.1:9/v1"
[models.small]
provider = "house"
context_tokens = 8192
[models."claude-sonnet-5-5"]
provider = "anthropic"
context_tokens = 200_000
[models.own]
provider = "unpriced"
context_tokens = 200_000
[tiers."fast-1.5b"]
models = ["small"]
[tiers."std-3b"]
models = ["small"]
[tiers."adv-7b"]
models = ["small"]
[tiers."cloud-premium"]
models = ["claude-sonnet-5-5", "own"]
[pools.fast]
tier = "fast-1.5b"
slots = 2
[pools.std]
tier = "std-3b"
[pools.adv]
tier = "adv-7b"
[pools.cloud]
tier = "cloud-premium"
"""

#: For duties: a lease, and a hint, counts as lost at once.
IMPATIENT = {"lease_s": 0.001, "heartbeat_s": 0.0001, "hint_lost_after_s": 0.001}


@dataclass(frozen=True, slots=True)
class Popped:
    """A hint taken from its list, as a worker takes it."""

    task: CeleryTask
    ids: tuple[UUID, ...]


class Bench:
    """Built on one event loop; `close` it there. Reads and meddles by SQL on a connection of its own."""

    def __init__(
        self,
        servers: Servers,
        *,
        fleet_text: str = FLEET,
        keys: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self.servers = servers
        self.settings = self._settings(**settings)
        self.fleet: Fleet = parse_fleet(fleet_text, source="bench")
        self.database = Database(servers.database_url, pool_size=10)
        self.redis = connect_redis(servers.redis_url)
        self.hints, self.wakes = HintSender(self.redis), Wakes(self.redis)
        self.dispatcher = Dispatcher(self.database, self.hints, self.fleet)
        self.batches = BatchCloser(self.database, self.wakes)
        self.state = routing_state(self.fleet)
        self.submission = Submission(self.database, self.hints, self.state)
        self.classification = Classification(
            self.database, self.state, self.dispatcher, self.batches, self.wakes
        )
        self.provider = FakeProvider()
        self.providers = Providers.of(
            self.fleet,
            {"CLOUD_KEY": "k"} if keys is None else keys,
            None,
            None,
            opener=self.provider.open,
            guard=CircuitBreaker(Circuits(self.redis, circuit_rules_of(self.settings))),
        )
        self._services: dict[Tier, ExecutorService] = {}

    def _settings(self, **values: Any) -> WorkerSettings:
        """Circuits stay closed unless a test says after how many failures they open."""
        return WorkerSettings(
            _env_file=None,
            database_url=self.servers.database_url,
            redis_url=self.servers.redis_url,
            **({"breaker_failures": 1000} | values),
        )

    async def close(self) -> None:
        for service in self._services.values():
            await service.background.stop()
        await self.dispatcher.close()
        await self.redis.aclose()
        await self.database.close()

    def service(self, tier: Tier) -> ExecutorService:
        """The service of the tier's first pool, not opened: it neither beats nor hears of itself."""
        if tier not in self._services:
            self._services[tier] = self._build(tier)
        return self._services[tier]

    def replace(self, tier: Tier) -> None:
        """A new worker in the place of one that was told to end."""
        del self._services[tier]

    def _build(self, tier: Tier) -> ExecutorService:
        pool = self.pool_of(tier)
        leases = Leases(self.database, self.settings.lease)
        executor = Executor(
            settings=self.settings,
            limits=limits_of(self.settings),
            claimer=claimer_of(self.fleet, self.providers, pool, f"{pool}@bench"),
            database=self.database,
            providers=self.providers,
            leases=leases,
            recorder=Recorder(self.database, self.fleet, pool),
            handler=LanguageHandler(self.settings.call_timeout),
            aftermath=AfterCommit(self.wakes, self.batches, self.dispatcher),
            nothing_on_offer=nothing_on_offer(self.fleet, self.providers, tier),
        )
        return ExecutorService(
            connections=Connections(self.database, self.redis),
            executor=executor,
            leases=leases,
            providers=self.providers,
            dispatcher=self.dispatcher,
            wakes=self.wakes,
            heartbeat_s=self.settings.heartbeat_s,
        )

    async def run(self, *job_ids: UUID, tier: Tier | None = None, alone: bool = False) -> None:
        """Gives the executor of the jobs' tier a hint of them."""
        executor = self.service(tier or Tier(self.job(job_ids[0])["tier"])).executor
        await (executor.run_alone(job_ids) if alone else executor.run(job_ids))

    async def claimed(self, job_id: UUID) -> Claim:
        """The job under a lease, as an executor of its tier claims it, with nobody at work."""
        claim = await self.try_claim(job_id, Tier(self.job(job_id)["tier"]))
        assert claim is not None, "the job could not be claimed"
        return claim

    async def try_claim(self, job_id: UUID, tier: Tier) -> Claim | None:
        """What a worker of the tier gets, with nothing beside it in its process."""
        pool, token, call_id = self.pool_of(tier), uuid4(), new_id()
        async with self.database.transaction() as tx:
            row = await tx.runs.claim(
                job_id,
                claimer_of(self.fleet, self.providers, pool, f"{pool}@bench"),
                lease_token=token,
                call_id=call_id,
                lease=self.settings.lease,
                alone=True,
            )
        return None if row is None else Claim.of(row, lease_token=token, call_id=call_id)

    def pool_of(self, tier: Tier) -> str:
        """The tier's first pool."""
        return next(name for name, spec in self.fleet.pools.items() if spec.tier is tier)

    async def pump(self) -> int:
        """Takes and obeys hints until no tier has one; returns how many there were."""
        taken = 0
        while popped := [(tier, hint) for tier in Tier for hint in self.pop(tier)]:
            for tier, hint in popped:
                await self.run(*hint.ids, tier=tier, alone=hint.task is CeleryTask.RUN_ALONE)
                taken += 1
            await self.dispatcher.close()
            await self.top_up()
        return taken

    async def top_up(self) -> int:
        return sum([await self.dispatcher.top_up(tier) for tier in self.fleet.tiers])

    def pop(self, queue: str) -> list[Popped]:
        """Empties the lists of a queue in the order in which a worker would."""
        return [
            Popped(CeleryTask(json.loads(message)["headers"]["task"]), tuple(ids_in(message)))
            for level in Level
            for message in self._drain(list_name(queue, level))
        ]

    def _drain(self, name: str) -> list[bytes]:
        messages: Any = self.servers.redis.lrange(name, 0, -1)
        self.servers.redis.delete(name)
        return list(reversed(messages))

    def duties(self, **settings: Any) -> dict[str, Any]:
        """The reconciler's duties by name, impatient unless told otherwise."""
        duties = all_duties(
            settings=self._settings(**(IMPATIENT | settings)),
            fleet=self.fleet,
            database=self.database,
            hints=self.hints,
            wakes=self.wakes,
            dispatcher=self.dispatcher,
        )
        return {type(duty).__name__: duty for duty in duties}

    async def sweep(self, duty: str, **settings: Any) -> int:
        return int(await self.duties(**settings)[duty].sweep())

    async def turn(self) -> dict[str, int]:
        return await Reconciler(list(self.duties().values()), 1.0).turn()

    async def submitted(self, prompt: str = "Say hello.", *, tenant: str = TENANT, **fields: Any) -> UUID:
        content = {} if "messages" in fields or "document" in fields else {"prompt": prompt}
        request = JobRequest.model_validate(content | fields)
        return (await self.submission.submit(tenant, request)).job_id

    async def queued(self, prompt: str = "Say hello.", **fields: Any) -> UUID:
        """A job that is classified, and dispatched as far as its window has room."""
        job_id = await self.submitted(prompt, **fields)
        await self.classify(job_id)
        return job_id

    async def classify(self, *job_ids: UUID) -> None:
        self.pop(Queue.CLASSIFY)
        await self.classification.classify(job_ids)

    async def batch(
        self,
        count: int,
        *,
        tenant: str = TENANT,
        callback_url: str | None = None,
        classify: bool = True,
        **fields: Any,
    ) -> tuple[UUID, tuple[UUID, ...]]:
        """A batch of so many jobs, classified unless that is not wanted."""
        fields = {"prompt": "Say hello."} | fields
        items = [Submitted(JobRequest.model_validate(fields)) for _ in range(count)]
        accepted = await self.submission.submit_batch(tenant, BatchRequest(callback_url=callback_url), items)
        if classify:
            await self.classify(*accepted.job_ids)
        return accepted.batch_id, accepted.job_ids

    def rows(self, query: str, **values: Any) -> Sequence[Any]:
        with self.servers.engine.connect() as connection:
            return connection.execute(text(query), values).mappings().all()

    def one(self, query: str, **values: Any) -> Any:
        (row,) = self.rows(query, **values)
        return row

    def count(self, table: str, **equal: Any) -> int:
        where = " AND ".join(f"{name} = :{name}" for name in equal) or "true"
        return int(self.one(f"SELECT count(*) AS n FROM {table} WHERE {where}", **equal)["n"])  # noqa: S608

    def meddle(self, statement: str, **values: Any) -> None:
        with self.servers.engine.begin() as connection:
            connection.execute(text(statement), values)

    def job(self, job_id: UUID) -> Any:
        return self.one("SELECT * FROM jobs WHERE id = :id", id=job_id)

    def of_job(self, table: str, job_id: UUID) -> Sequence[Any]:
        """The rows of attempts, calls, results, costs, routing_decisions or callbacks of a job, in order."""
        order = {"attempts": "attempt", "calls": "intended_at, id", "costs": "booked_at, kind"}
        return self.rows(
            f"SELECT * FROM {table} WHERE job_id = :id ORDER BY {order.get(table, 'job_id')}",  # noqa: S608
            id=job_id,
        )

    def lose_lease(self, job_id: UUID) -> None:
        """As if nobody had renewed it for long."""
        self.meddle("UPDATE jobs SET lease_until = now() - interval '1 s' WHERE id = :id", id=job_id)
