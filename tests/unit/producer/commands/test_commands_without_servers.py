"""Commands that need no server: route, dry runs, the fleet, help."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

SAMPLES = Path(__file__).parents[4] / "samples"


def test_route_explains_a_decision(staffel: CommandLine) -> None:
    done = staffel("route", "Vergleiche die Angebote und begründe Schritt für Schritt, welches besser ist.")
    assert done.exit_code == 0
    assert "language de" in done.stdout
    assert "because " in done.stdout
    assert "permitted: " in done.stdout
    assert "µs" in done.stdout


def test_route_reads_standard_input_and_writes_json(staffel: CommandLine) -> None:
    done = staffel("route", "-", "--task", "sentiment", "--json", stdin="Das war großartig!")
    assert done.document["tier"] == "fast-1.5b"
    assert set(done.document) >= {"reasons", "excluded", "permitted", "confidence", "router_version"}


def test_route_says_when_no_tier_fits(staffel: CommandLine) -> None:
    done = staffel("route", "-", "--data-class", "restricted", stdin="word " * 5000)
    assert done.exit_code == 1
    assert done.stdout.startswith("no tier")
    assert "2048" in done.stdout


def test_a_dry_run_of_the_samples_shows_tiers_and_costs(staffel: CommandLine) -> None:
    done = staffel("batch", "submit", SAMPLES, "--dry-run")
    assert done.exit_code == 0
    assert "nothing was submitted" in done.stdout
    for word in ("fast-1.5b", "std-3b", "adv-7b", "cloud-premium", "by slot time", "claude-sonnet-5-5"):
        assert word in done.stdout


def test_a_dry_run_as_json_is_one_document(staffel: CommandLine) -> None:
    done = staffel("batch", "submit", SAMPLES, "--dry-run", "--json")
    assert done.document["jobs"] == sum(tier["jobs"] for tier in done.document["tiers"])
    assert done.document["rejected"] == []


def test_a_dry_run_lists_invalid_items_and_ends_with_two(staffel: CommandLine) -> None:
    lines = ['{"text": "fine"}'] * 6 + ["{broken", '{"prompt": "x", "foo": 1}']
    (staffel.folder / "a.jsonl").write_text("\n".join(lines))
    (staffel.folder / "big.txt").write_bytes(b"x" * (21 * 1024 * 1024))
    done = staffel("batch", "submit", "a.jsonl", "big.txt", "--dry-run")
    assert done.exit_code == 2
    assert "invalid: a.jsonl:7: line 7: broken JSON" in done.stderr
    assert "invalid: a.jsonl:8: foo: unknown field" in done.stderr
    assert "invalid: big.txt: larger than" in done.stderr
    assert "9 jobs, 3 of them invalid" in done.stdout


def test_the_default_fleet_is_valid(staffel: CommandLine) -> None:
    done = staffel("fleet", "check")
    assert done.exit_code == 0
    assert "4 tiers, 4 pools" in done.stdout


def test_a_fault_in_a_fleet_file_is_named_with_line_and_field(staffel: CommandLine) -> None:
    staffel("fleet", "init")
    file = staffel.folder / "fleet.toml"
    file.write_text(file.read_text().replace('tier = "fast-1.5b"', 'tier = "fastest"'))
    done = staffel("fleet", "check", "fleet.toml")
    assert done.exit_code == 2
    assert "pools.fast.tier" in done.stderr


def test_the_fleet_is_written_once_and_never_over_another(staffel: CommandLine) -> None:
    assert staffel("fleet", "init").exit_code == 0
    again = staffel("fleet", "init")
    assert again.exit_code == 2
    assert "exists already" in again.stderr


def test_the_fleet_is_shown_with_providers_and_data_classes(staffel: CommandLine) -> None:
    done = staffel("fleet", "show")
    assert done.exit_code == 0
    for word in ("ANTHROPIC_API_KEY", "residency", "restricted", "smollm2-135m"):
        assert word in done.stdout
    assert staffel("fleet", "show", "--json").document["baseline_model"] == "claude-sonnet-5-5"


@pytest.mark.parametrize(
    "command",
    [
        ("submit",),
        ("batch", "submit"),
        ("batch", "show"),
        ("batch", "list"),
        ("batch", "cancel"),
        ("jobs", "list"),
        ("jobs", "show"),
        ("jobs", "cancel"),
        ("jobs", "retry"),
        ("results",),
        ("costs",),
        ("route",),
        ("fleet", "check"),
        ("dead", "list"),
        ("dead", "show"),
        ("dead", "retry"),
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(staffel: CommandLine, command: tuple[str, ...]) -> None:
    done = staffel(*command, "--help")
    assert done.exit_code == 0
    assert "Usage: " in done.stdout
