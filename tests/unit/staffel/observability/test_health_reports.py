"""Reports of health, and what one of a certain age is worth."""

from pathlib import Path

import pytest

from staffel.observability.health import Health, HealthFile, health_files, judge
from tests.support.command_line import CommandLine


def report(*, turned_s: float = 100.0, why_not: str | None = None, may_wait_s: float = 0.0) -> Health:
    return Health("worker-fast", 7, "2026-11-20T00:00:00", turned_s, why_not is None, why_not, may_wait_s)


def test_a_fresh_report_is_believed() -> None:
    assert judge(report(), now_s=101, stuck_after_s=30).ready
    verdict = judge(report(why_not="it is stopping"), now_s=101, stuck_after_s=30)
    assert (verdict.live, verdict.ready, verdict.why_not) == (True, False, "it is stopping")


@pytest.mark.parametrize(("age_s", "live", "ready"), [(9, True, True), (11, True, False), (31, False, False)])
def test_silence_costs_readiness_first_and_then_the_life(age_s: float, live: bool, ready: bool) -> None:
    verdict = judge(report(), now_s=100 + age_s, stuck_after_s=30)
    assert (verdict.live, verdict.ready) == (live, ready)


def test_a_process_whose_loop_waits_for_a_server_may_be_silent_for_longer() -> None:
    assert judge(report(may_wait_s=35), now_s=160, stuck_after_s=30).live
    assert not judge(report(may_wait_s=35), now_s=166, stuck_after_s=30).live


def test_no_report_and_one_of_an_earlier_start_of_the_machine_are_no_life() -> None:
    assert not judge(None, now_s=1, stuck_after_s=30).live
    assert not judge(report(), now_s=1, stuck_after_s=30).live


def test_a_report_is_read_as_it_was_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = HealthFile.of(tmp_path, "control")
    written = Health.now("control", "its first turn has not ended yet")
    file.write(written)
    assert file.read() == written
    assert [path.name for path in file.folder.iterdir()] == ["control.json"]
    assert [file.name for file in health_files(tmp_path)] == ["control"]
    file.remove()
    assert file.read() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "control"}'])
def test_a_report_that_cannot_be_understood_is_none(tmp_path: Path, content: str) -> None:
    file = HealthFile.of(tmp_path, "control")
    file.folder.mkdir(parents=True)
    file.path.write_text(content)
    assert file.read() is None


def test_the_command_ends_with_what_a_probe_needs(tmp_path: Path) -> None:
    staffel = CommandLine(tmp_path, STAFFEL_HOME=str(tmp_path))
    assert staffel("health", "--all").exit_code == 1
    HealthFile.of(tmp_path, "control").write(Health.now("control", None))
    HealthFile.of(tmp_path, "worker-fast").write(Health.now("worker-fast", "it is stopping"))
    assert staffel("health", "control").exit_code == 0
    assert staffel("health", "control", "--live").stdout == "control: live\n"
    assert staffel("health", "worker-fast", "--live").exit_code == 0
    stopping = staffel("health", "worker-fast", "--ready")
    assert (stopping.exit_code, stopping.stdout) == (1, "worker-fast: not ready: it is stopping\n")
    assert staffel("health", "--all", "--live").exit_code == 0
    every = staffel("health", "--all", "--json")
    assert every.exit_code == 1
    assert [(entry["name"], entry["ready"]) for entry in every.document] == [
        ("control", True),
        ("worker-fast", False),
    ]


def test_a_process_that_never_reported_is_not_live(tmp_path: Path) -> None:
    done = CommandLine(tmp_path, STAFFEL_HOME=str(tmp_path))("health", "worker-fast", "--live")
    assert (done.exit_code, done.stdout) == (1, "worker-fast: not live: it has not reported\n")


@pytest.mark.parametrize("arguments", [[], ["control", "--all"], ["control", "--live", "--ready"]])
def test_questions_that_contradict_themselves_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    assert CommandLine(tmp_path, STAFFEL_HOME=str(tmp_path))("health", *arguments).exit_code == 2
