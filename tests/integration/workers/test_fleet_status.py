"""`staffel status` shows the providers that are left alone."""

from pathlib import Path

from tests.support.command_line import CommandLine
from tests.support.servers import Servers

FAR_AWAY_MS = 9_000_000_000_000


def test_open_circuits_are_shown_for_people_and_programs(servers: Servers, tmp_path: Path) -> None:
    staffel = CommandLine(tmp_path, **servers.environment(tmp_path))
    assert staffel("status", "--json").document["circuits"] == []
    servers.redis.hset("staffel:circuit:anthropic", mapping={"failures": 1})
    servers.redis.hset("staffel:circuit:house", mapping={"open_until": FAR_AWAY_MS, "openings": 3})
    (circuit,) = staffel("status", "--json").document["circuits"]
    assert (circuit["circuit"], circuit["state"], circuit["openings"]) == ("house", "open", 3)
    assert circuit["probe_in_s"] > 0
    shown = staffel("status").stdout
    assert "does not answer" in shown
    assert "house" in shown
    assert "anthropic" not in shown


def test_a_redis_that_is_away_is_said_and_does_not_fail_the_command(servers: Servers, tmp_path: Path) -> None:
    settings = servers.environment(tmp_path) | {"STAFFEL_REDIS_URL": "redis://127.0.0.1:1/0"}
    staffel = CommandLine(tmp_path, **settings)
    assert staffel("status", "--json").document["circuits"] is None
    assert "Redis cannot be reached" in staffel("status").stdout
