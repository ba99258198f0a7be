"""What every repository is made of: the connection of one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Executable, RowMapping, any_, literal
from sqlalchemy.ext.asyncio import AsyncConnection

from staffel.storage.sql import statement


class Repository:
    """Base of the repositories."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _rows(self, query: Executable, values: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
        return (await self._connection.execute(query, values)).mappings().all()

    async def _first(self, query: Executable, values: Mapping[str, Any] | None = None) -> RowMapping | None:
        return (await self._connection.execute(query, values)).mappings().first()

    async def _sql(self, name: str, **values: Any) -> Sequence[RowMapping]:
        """Runs a statement from its file."""
        return await self._rows(statement(name), values)


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether the column holds one of the values: as one array, for a statement takes 65,535 parameters."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def without_nul(value: Any) -> Any:
    """The value with NUL and lone surrogates taken out of every text: PostgreSQL stores neither."""
    if isinstance(value, str):
        clean = value.replace("\x00", "")
        return clean if clean.isascii() else clean.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nul(item) for item in value]
    return value
