"""Brings a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import OperationalError

import staffel
from staffel.contracts.errors import ConfigurationError, UnreachableError
from staffel.storage.database import parsed

#: Two programs that migrate at once would meet in the middle.
LOCK = text("SELECT pg_advisory_xact_lock(hashtext('staffel.migrate'))")


def migrate(url: str, revision: str = "head") -> None:
    """Migrates the database at `url` up to a revision; waits while another migrates.

    Raises UnreachableError, or ConfigurationError when the migrations are not installed beside the packages.
    """
    config = Config(str(_ini_file()))
    engine = create_engine(parsed(url), poolclass=pool.NullPool)
    try:
        with engine.begin() as guard, engine.connect() as connection:
            guard.execute(LOCK)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except OperationalError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise UnreachableError(f"PostgreSQL at {where}: {str(error.orig).strip().splitlines()[0]}") from error
    finally:
        engine.dispose()


def _ini_file() -> Path:
    path = Path(staffel.__path__[0]).parent / "alembic.ini"
    if not path.is_file():
        raise ConfigurationError(f"{path}: the migrations are missing; install staffel from its source tree")
    return path
