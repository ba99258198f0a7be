"""Settings that both programs read, from `STAFFEL_...` in the environment or `.env`."""

import json
import os
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from staffel.contracts.errors import ConfigurationError

NOT_RUNNING = "staffel is not running here: start it with `staffel up`, or set {variable}"


def provider_keys() -> dict[str, str]:
    """Where the keys of providers are looked for: the environment, then `.env`."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return from_file | dict(os.environ)


class Settings(BaseSettings):
    """Where the servers are and which fleet runs.

    An address that is not set is looked up among those of the fleet that `staffel up` runs below `home`.
    """

    model_config = SettingsConfigDict(env_prefix="STAFFEL_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Path(".staffel")
    database_url: str | None = None
    redis_url: str | None = None
    fleet_file: Path | None = Field(default=None, description="path of fleet.toml")
    tenant: str = Field(default="default", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    log_level: str = "INFO"
    log_format: str = Field(default="console", pattern="^(console|json)$")

    def require_database_url(self) -> str:
        """SQLAlchemy URL of the database; raises ConfigurationError when nothing names one."""
        return self.database_url or self._endpoint("database_url")

    def require_redis_url(self) -> str:
        """URL of Redis as redis-py takes it; raises ConfigurationError when nothing names one."""
        return self.redis_url or self._endpoint("redis_url")

    @property
    def endpoints_file(self) -> Path:
        """Where a running `staffel up` leaves the addresses of what it started."""
        return self.home / "run" / "endpoints.json"

    def fleet_path(self) -> Path | None:
        """The fleet file: the one set, else `fleet.toml` here, else None for the packaged default."""
        local = Path("fleet.toml")
        return self.fleet_file or (local if local.is_file() else None)

    def _endpoint(self, name: str) -> str:
        value = self._endpoints().get(name)
        if not isinstance(value, str):
            raise ConfigurationError(NOT_RUNNING.format(variable=f"STAFFEL_{name.upper()}"))
        return value

    def _endpoints(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self.endpoints_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{self.endpoints_file}: {error}") from error
        return found
