"""The loop's thread and the service on it."""

import threading

import pytest

from staffel.contracts.errors import ConfigurationError, UnreachableError
from workers import process
from workers.runtime import Runtime


class Service:
    """Notes what happens to it, and where."""

    def __init__(self, *, fails_to_open: bool = False) -> None:
        self.fails_to_open = fails_to_open
        self.released = threading.Event()
        self.log: list[str] = []

    async def open(self) -> None:
        if self.fails_to_open:
            raise UnreachableError("no database")
        self.log.append(f"opened on {threading.current_thread().name}")

    async def close(self) -> None:
        self.log.append("closed")

    def release(self) -> None:
        self.released.set()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "staffel-loop"]


def test_a_service_is_opened_on_the_loop_and_closed_with_it() -> None:
    runtime, service = Runtime(), Service()
    assert runtime.start(lambda: service) is service
    runtime.release()
    assert service.released.wait(5)
    runtime.stop()
    assert service.log == ["opened on staffel-loop", "closed"]
    assert threads() == []


def test_a_service_that_cannot_be_built_leaves_no_thread_behind() -> None:
    def build() -> Service:
        raise ConfigurationError("no pool")

    with pytest.raises(ConfigurationError, match="no pool"):
        process.start(build, grace_s=1)
    with pytest.raises(UnreachableError):
        process.start(lambda: Service(fails_to_open=True), grace_s=1)
    assert threads() == []
    with pytest.raises(RuntimeError, match="not been started"):
        process.current()
    process.stop()


def test_a_process_that_was_stopped_can_be_started_again() -> None:
    for _ in range(2):
        process.start(Service, grace_s=1)
        assert process.current().grace_s == 1
        process.stop()
    assert threads() == []
