"""Statements about very many rows at once."""

from staffel.storage.ids import new_id
from tests.support.fleet import Bench
from tests.support.servers import Servers


async def test_a_statement_takes_more_ids_than_it_could_have_parameters(servers: Servers) -> None:
    bench = Bench(servers)
    try:
        known = await bench.submitted()
        ids = [*(new_id() for _ in range(70_000)), known]
        async with bench.database.transaction() as tx:
            assert list(await tx.jobs.states(ids)) == [known]
    finally:
        await bench.close()
