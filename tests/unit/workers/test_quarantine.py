"""Suspects run alone, everybody gets a turn."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from workers.executor.quarantine import Quarantine

Place = Callable[[], AbstractAsyncContextManager[None]]


class House:
    """Counts who is inside with whom."""

    def __init__(self) -> None:
        self.quarantine = Quarantine()
        self.inside: list[str] = []
        self.log: list[str] = []
        self.most = 0

    async def visit(self, name: str, place: Place, stay: asyncio.Event | None = None) -> None:
        async with place():
            self.inside.append(name)
            self.log.append(name)
            self.most = max(self.most, len(self.inside))
            if place == self.quarantine.alone:
                assert self.inside == [name], "a suspect was not alone"
            for _ in range(3):
                await asyncio.sleep(0)
            if stay:
                await stay.wait()
            if place == self.quarantine.alone:
                assert self.inside == [name], "somebody joined a suspect"
            self.inside.remove(name)


async def turns(count: int = 10) -> None:
    """Lets others go on."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_the_others_run_together() -> None:
    house = House()
    await asyncio.gather(*(house.visit(f"n{i}", house.quarantine.together) for i in range(5)))
    assert house.most == 5


async def test_suspects_are_really_alone_and_all_get_their_turn() -> None:
    house = House()
    visits = [
        house.visit(f"{i}", house.quarantine.alone if i % 3 == 0 else house.quarantine.together)
        for i in range(30)
    ]
    await asyncio.wait_for(asyncio.gather(*visits), 5)
    assert sorted(map(int, house.log)) == list(range(30))


async def test_a_suspect_is_not_starved_by_newcomers() -> None:
    house, stay = House(), asyncio.Event()
    first = asyncio.create_task(house.visit("first", house.quarantine.together, stay))
    await turns()
    suspect = asyncio.create_task(house.visit("suspect", house.quarantine.alone))
    await turns()
    newcomers = [asyncio.create_task(house.visit(f"n{i}", house.quarantine.together)) for i in range(5)]
    await turns()
    assert house.log == ["first"]
    stay.set()
    await asyncio.wait_for(asyncio.gather(first, suspect, *newcomers), 5)
    assert house.log[:2] == ["first", "suspect"]


async def test_a_suspect_that_gives_up_waiting_holds_nobody_back() -> None:
    house, stay = House(), asyncio.Event()
    first = asyncio.create_task(house.visit("first", house.quarantine.together, stay))
    await turns()
    suspect = asyncio.create_task(house.visit("suspect", house.quarantine.alone))
    await turns()
    suspect.cancel()
    await asyncio.gather(suspect, return_exceptions=True)
    await asyncio.wait_for(house.visit("newcomer", house.quarantine.together), 5)
    stay.set()
    await asyncio.wait_for(first, 5)
    assert house.log == ["first", "newcomer"]


@pytest.mark.parametrize("alone", [True, False])
async def test_a_place_is_free_again_after_a_failure(alone: bool) -> None:
    house = House()
    place = house.quarantine.alone if alone else house.quarantine.together
    with pytest.raises(ZeroDivisionError):
        async with place():
            raise ZeroDivisionError
    await asyncio.wait_for(house.visit("suspect", house.quarantine.alone), 5)
    await asyncio.wait_for(house.visit("other", house.quarantine.together), 5)
    assert house.log == ["suspect", "other"]
