"""Where settings come from and what is refused."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from staffel.contracts.errors import ConfigurationError
from tests.support.command_line import CommandLine
from workers.bootstrap import limits_of, require_pool
from workers.settings import WorkerSettings


def settings(**values: object) -> WorkerSettings:
    return WorkerSettings(_env_file=None, **values)  # type: ignore[arg-type]


def test_the_environment_is_read_by_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFFEL_LEASE_S", "70")
    monkeypatch.setenv("LEASE_S", "80")
    assert settings().lease.total_seconds() == 70


def test_addresses_that_are_not_set_are_those_of_the_running_fleet(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    addresses = {"database_url": "postgresql+psycopg:///here", "redis_url": "unix:///here"}
    (tmp_path / "run" / "endpoints.json").write_text(json.dumps(addresses))
    found = settings(home=tmp_path)
    assert found.require_database_url() == addresses["database_url"]
    assert found.require_redis_url() == addresses["redis_url"]
    assert settings(home=tmp_path, redis_url="redis://there").require_redis_url() == "redis://there"


def test_without_a_running_fleet_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"staffel up.*STAFFEL_DATABASE_URL"):
        settings(home=tmp_path).require_database_url()


def test_a_broken_file_of_addresses_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "endpoints.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"endpoints\.json"):
        settings(home=tmp_path).require_redis_url()


@pytest.mark.parametrize(
    "values", [{"lease_s": 0}, {"heartbeat_s": -1}, {"max_crashes": 0}, {"tenant": "No Spaces"}]
)
def test_values_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)


@pytest.mark.parametrize("values", [{"lease_s": 20}, {"heartbeat_s": 60}, {"lease_s": 3, "heartbeat_s": 5}])
def test_a_heartbeat_that_is_not_shorter_than_the_lease_is_refused_at_start(
    tmp_path: Path, values: dict[str, object]
) -> None:
    with pytest.raises(ValidationError, match=r"shorter than STAFFEL_LEASE_S"):
        settings(**values)
    given = {f"STAFFEL_{name.upper()}": str(value) for name, value in values.items()}
    done = CommandLine(tmp_path, **given)("control")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: STAFFEL_HEARTBEAT_S: ")


@pytest.mark.parametrize("values", [{"keep_keys_days": 6}, {"keep_jobs_days": -1}, {"prune_every_s": -1}])
def test_ages_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)
    assert settings(keep_keys_days=0).keep.keys_days == 0


def test_a_pool_that_is_not_declared_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"STAFFEL_POOL.*'nope'"):
        require_pool(settings(pool="nope"))
    assert require_pool(settings(pool="fast")) == "fast"


def test_limits_come_from_the_settings() -> None:
    limits = limits_of(settings(max_transient_failures=1, max_escalations=2, backoff_cap_s=3.0))
    assert (limits.max_transient_failures, limits.max_escalations) == (1, 2)
    assert limits.backoff.cap.total_seconds() == 3


def test_a_secret_key_does_not_show_when_settings_are_printed() -> None:
    assert "k-123" not in repr(settings(embedded_key="k-123"))
