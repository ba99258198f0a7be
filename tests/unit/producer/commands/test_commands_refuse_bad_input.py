"""Bad input: exit code 2 and one line that names the field, before any server is asked."""

import pytest

from tests.support.command_line import CommandLine

JOB = "01a1f8e0-249d-7678-86aa-4650b4b14d5c"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("submit", ""), "prompt"),
        (("submit", "   "), "prompt: must not be blank"),
        (("submit", "x", "--priority", "11"), "--priority"),
        (("submit", "x", "--no-such-option"), "--no-such-option"),
        (("submit", "x", "--tier", "huge"), "--tier"),
        (("submit", "x", "--task", "Bad Task"), "task"),
        (("submit", "x", "--strategy", "guess"), "strategy"),
        (("submit", "x", "--deadline", "whenever"), "deadline"),
        (("submit", "x", "--max-cost-usd", "much"), "max_cost_usd"),
        (("submit", "x", "--max-cost-usd", "0"), "max_cost_usd"),
        (("submit", "x", "--labels", "only"), "options.labels"),
        (("submit", "x", "--schema", '{"type": 7}'), "options.json_schema"),
        (("submit", "x", "--callback-url", "ftp://x"), "callback_url"),
        (("submit", "x", "--wait", "--timeout", "soon"), "timeout"),
        (("submit", "x", "--task", "classify"), "options.labels"),
        (("route", "x", "--deadline", "2020-01-01"), "deadline: lies in the past"),
        (("route", "x", "--tier", "cloud-premium", "--data-class", "restricted"), "data_class, tier"),
        (("route", "x", "--model", "nobody"), "model"),
        (("batch", "submit", "nowhere"), "nowhere: no such file or folder"),
        (("batch", "submit", "nowhere/*.txt"), "nowhere/*.txt: no file matches"),
        (("batch", "submit", "."), "nothing to submit in ."),
        (("batch", "submit", ".", "--output", "x"), "output: needs --wait"),
        (("batch", "submit", ".", "--wait", "--output", "nowhere/x"), "output: nowhere/x"),
        (("batch", "submit", ".", "--idempotency-key", ""), "idempotency_key"),
        (("batch", "show", "17"), "id: '17' is no id of a batch"),
        (("jobs", "show", "17"), "id: '17' is no id of a job"),
        (("jobs", "cancel", JOB, "17"), "id: '17' is no id of a job"),
        (("jobs", "retry"), "name jobs, or give --state or --batch"),
        (("jobs", "retry", "--state", "succeeded"), "state: succeeded jobs cannot be retried"),
        (("jobs", "list", "--state", "lost"), "--state"),
        (("dead", "retry"), "name jobs or give --all"),
        (("dead", "retry", JOB, "--all"), "name jobs or give --all"),
        (("dead", "discard", "--yes"), "name jobs or give --all or a filter"),
        (("dead", "discard", "--all", "--task", "chat"), "name jobs or give --all or a filter"),
        (("dead", "list", "--older-than", "long"), "older_than: 'long' is no duration"),
        (("results", JOB, "--format", "xml"), "format"),
        (("costs", "--by", "weekday"), "by: 'weekday'"),
        (("fleet", "check", "nowhere.toml"), "nowhere.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_names_its_field(staffel: CommandLine, arguments: tuple[str, ...], named: str) -> None:
    done = staffel(*arguments)
    assert done.exit_code == 2
    assert named in done.stderr
    assert done.stdout == ""


def test_bytes_that_are_no_text_are_refused(staffel: CommandLine) -> None:
    done = staffel("submit", "-", stdin=b"\xff\xfe\x00")
    assert (done.exit_code, done.stderr) == (2, "error: prompt: standard input is not UTF-8 text\n")


@pytest.mark.parametrize(
    "arguments",
    [("submit", "x"), ("jobs", "list"), ("batch", "list"), ("costs",), ("results", JOB), ("dead", "list")],
    ids=" ".join,
)
def test_without_a_fleet_one_line_says_how_to_get_one(
    staffel: CommandLine, arguments: tuple[str, ...]
) -> None:
    done = staffel(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: staffel is not running here: start it with `staffel up`")
    assert done.stderr.count("\n") == 1


def test_a_database_out_of_reach_is_one_line_with_its_place(staffel: CommandLine) -> None:
    url = "postgresql+psycopg://user:secret@127.0.0.1:1/x"
    done = CommandLine(staffel.folder, STAFFEL_DATABASE_URL=url)("jobs", "list")
    assert done.exit_code == 3
    assert done.stderr.startswith("error: PostgreSQL at postgresql+psycopg://user:***@127.0.0.1:1/x")
    assert done.stderr.count("\n") == 1


def test_a_wrong_setting_is_named_by_its_variable(staffel: CommandLine) -> None:
    done = CommandLine(staffel.folder, STAFFEL_TENANT="Not A Tenant")("route", "x")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: STAFFEL_TENANT: ")
