"""The larger statements, one file each, explained where they lock."""

from functools import cache
from importlib.resources import files

from sqlalchemy import TextClause, text


@cache
def statement(name: str) -> TextClause:
    """The statement in `<name>.sql`."""
    return text(files("staffel.storage.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8"))
