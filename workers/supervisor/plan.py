"""The programs of a fleet as processes: what to start, with which arguments and environment."""

import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from staffel.contracts.errors import ConfigurationError
from staffel.fleet import Fleet
from staffel.observability.health import HealthFile
from workers.settings import WorkerSettings
from workers.supervisor.process import Launch
from workers.supervisor.vitals import Vitals

HOST = "127.0.0.1"
FLOWER = "flower"


@dataclass(frozen=True, slots=True)
class FlowerAccess:
    """Where Flower listens and who may look: it shows, it changes nothing."""

    port: int
    user: str
    password: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def environment(self) -> dict[str, str]:
        """By environment, for a password in the arguments could be read by everybody on the machine."""
        return {
            "FLOWER_ADDRESS": HOST,
            "FLOWER_PORT": str(self.port),
            "FLOWER_BASIC_AUTH": f"{self.user}:{self.password}",
            "FLOWER_READ_ONLY": "true",
        }


def choose_flower(port: int | None) -> FlowerAccess:
    """A port (the one asked for, or a free one) and a fresh password."""
    return FlowerAccess(port or _free_port(), "staffel", secrets.token_urlsafe(12))


def programs(
    settings: WorkerSettings,
    fleet: Fleet,
    environment: Mapping[str, str],
    flower: FlowerAccess | None,
    log_folder: Path,
) -> list[Launch]:
    """The control process, the classifier, a worker a pool, and Flower."""
    own = dict(environment) | _own_environment(settings)
    without_keys = own | dict.fromkeys(_key_variables(fleet), "")
    launches = [
        _launch("control", ("control",), without_keys, log_folder),
        _launch("classifier", ("classifier",), without_keys, log_folder),
    ]
    for name in fleet.pools:
        keys = {} if _needs_keys(fleet, name) else dict.fromkeys(_key_variables(fleet), "")
        launches.append(_launch(f"worker-{name}", ("worker", name), own | keys, log_folder))
    if flower is not None:
        launches.append(_launch(FLOWER, ("flower",), without_keys | flower.environment(), log_folder))
    return launches


def vitals_of(launch: Launch, settings: WorkerSettings) -> Vitals | None:
    """Where the program reports its health; None for Flower, which is no program of ours."""
    if launch.name == FLOWER:
        return None
    return Vitals(HealthFile.of(settings.home, launch.name), timedelta(seconds=settings.stuck_after_s))


def _launch(
    name: str, arguments: tuple[str, ...], environment: Mapping[str, str], log_folder: Path
) -> Launch:
    return Launch(
        name=name,
        command=(sys.executable, "-m", "staffel.cli", *arguments),
        log_path=log_folder / f"{name}.log",
        environment={**environment, "STAFFEL_HEALTH_NAME": name},
    )


def _own_environment(settings: WorkerSettings) -> dict[str, str]:
    """The fleet file as an absolute path, in case a program runs in another folder; unbuffered logs."""
    fleet_file = settings.fleet_path()
    told = {"PYTHONUNBUFFERED": "1", "STAFFEL_HOME": str(settings.home.resolve())}
    return told | ({"STAFFEL_FLEET_FILE": str(fleet_file.resolve())} if fleet_file else {})


def _key_variables(fleet: Fleet) -> set[str]:
    return {provider.api_key_env for provider in fleet.providers.values() if provider.api_key_env}


def _needs_keys(fleet: Fleet, pool: str) -> bool:
    """Whether the pool's tier has a model behind a key: nobody else gets to see one."""
    models = fleet.tiers[fleet.pools[pool].tier].models
    return any(fleet.provider_of(model).api_key_env for model in models)


def _free_port() -> int:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, 0))
        except OSError as error:
            raise ConfigurationError(f"no free port on {HOST}: {error}") from error
        return int(probe.getsockname()[1])
