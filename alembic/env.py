"""Runs migrations on the database that the settings name."""

from alembic import context
from sqlalchemy import Connection, create_engine, pool

from staffel.settings import Settings
from staffel.storage.tables import metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, compare_type=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    engine = create_engine(Settings().require_database_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        run(connection)


main()
