"""Hints as messages, and garbage that is none."""

import base64
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffel.contracts.tasks import CeleryTask
from staffel.storage.broker import broker_url
from staffel.storage.hints import Hint, Level, envelope, ids_in, list_name


def with_body(body: object) -> bytes:
    return json.dumps({"body": base64.b64encode(json.dumps(body).encode()).decode()}).encode()


GARBAGE = [
    b"",
    b"\xff\xfe",
    b"null",
    b"7",
    b"[]",
    b"{}",
    b'{"body": null}',
    b'{"body": "%%%"}',
    b'{"body": "bm90IGpzb24="}',
    b"[" * 100_000,
    with_body(None),
    with_body([]),
    with_body([[], {}, {}]),
    with_body([[["no id"]], {}, {}]),
    with_body([[[7]], {}, {}]),
    with_body([[{"a": 1}], {}, {}]),
    with_body({"0": 1}),
]


@given(st.lists(st.uuids(), max_size=300).map(tuple), st.sampled_from(Level))
def test_the_ids_of_a_hint_can_be_read_again(ids: tuple[UUID, ...], level: Level) -> None:
    message = envelope(Hint(CeleryTask.RUN, "fast-1.5b", ids, level))
    assert tuple(ids_in(message)) == ids
    assert tuple(ids_in(message.decode())) == ids


@pytest.mark.parametrize("message", GARBAGE)
def test_garbage_holds_no_ids(message: bytes) -> None:
    assert list(ids_in(message)) == []


@given(st.binary())
def test_no_bytes_at_all_break_the_reader(message: bytes) -> None:
    assert list(ids_in(message)) == []


def test_a_hint_carries_ids_and_nothing_else() -> None:
    message = json.loads(envelope(Hint(CeleryTask.RUN, "fast-1.5b", (UUID(int=1),))))
    assert json.loads(base64.b64decode(message["body"]))[:2] == [[[str(UUID(int=1))]], {}]
    assert (message["headers"]["argsrepr"], message["headers"]["kwargsrepr"]) == ("", "")


def test_the_two_lists_of_a_queue_have_the_names_of_kombu() -> None:
    assert list_name("fast", Level.EXPRESS) == "fast"
    assert list_name("fast", Level.NORMAL) == "fast\x06\x169"


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
        ("unix:///run/r.sock", "redis+socket:///run/r.sock?virtual_host=0"),
        ("unix:///run/r.sock?db=3", "redis+socket:///run/r.sock?virtual_host=3"),
    ],
)
def test_an_address_is_spelled_for_kombu(url: str, spelled: str) -> None:
    assert broker_url(url) == spelled
