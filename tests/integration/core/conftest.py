"""The core on real servers, one bench a test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.fleet import Bench
from tests.support.servers import Servers


@pytest_asyncio.fixture
async def bench(servers: Servers) -> AsyncIterator[Bench]:
    built = Bench(servers)
    yield built
    await built.close()
