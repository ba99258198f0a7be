"""The engine of one process, and transactions on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from psycopg.errors import UndefinedTable
from sqlalchemy import URL, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from staffel.contracts.errors import ConfigurationError, UnreachableError
from staffel.storage.unit_of_work import UnitOfWork


class Database:
    """Hands out transactions; one instance an event loop, never shared over a fork.

    A connection is held for milliseconds, never across a call to a provider.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        name: str = "staffel",
        frozen_after: timedelta | None = None,
        pre_ping: bool = False,
    ) -> None:
        """`frozen_after`: the database ends a session that idles inside a transaction for so long.

        `pre_ping` tries a connection before it is used, for callers who would not try again themselves.
        """
        self._where = parsed(url).render_as_string(hide_password=True)
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=pre_ping,
            pool_recycle=1800,
            hide_parameters=True,  # they carry prompts, and errors are logged
            connect_args={"connect_timeout": 5, "application_name": name} | _session(frozen_after),
        )

    async def ping(self) -> None:
        """Asks for nothing. Raises UnreachableError."""
        async with self.transaction() as tx:
            await tx.connection.execute(text("SELECT 1"))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises UnreachableError when the database is down or refuses connections, ConfigurationError when it
        has no tables.
        """
        try:
            async with self._engine.begin() as connection:
                yield UnitOfWork(connection)
        except PoolTimeoutError as error:
            raise UnreachableError(f"PostgreSQL at {self._where}: no connection is free") from error
        except DBAPIError as error:
            if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
                raise UnreachableError(f"PostgreSQL at {self._where}: {_first_line(error)}") from error
            if isinstance(error.orig, UndefinedTable):
                raise ConfigurationError(
                    "the database has no tables yet: run `staffel db migrate`"
                ) from error
            raise

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection, for streaming reads."""
        async with self._engine.connect() as connection:
            yield connection

    async def close(self) -> None:
        await self._engine.dispose()


def parsed(url: str) -> URL:
    """Raises ConfigurationError when that is no address of a database that we have a driver for."""
    try:
        address = make_url(url)
        address.get_dialect()
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            "STAFFEL_DATABASE_URL: not an address like postgresql+psycopg://user@host/database"
        ) from error
    return address


def _session(frozen_after: timedelta | None) -> dict[str, str]:
    if frozen_after is None:
        return {}
    return {"options": f"-c idle_in_transaction_session_timeout={frozen_after // timedelta(milliseconds=1)}"}


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().split("\n", 1)[0]
