"""The migrations lead up, down, and to exactly the tables that the code knows."""

from collections.abc import Iterator
from itertools import chain

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url

from staffel.storage.tables import metadata
from tests.support.servers import Servers


@pytest.fixture
def empty_database(running_servers: Servers) -> Iterator[Engine]:
    name = "migration_test"
    admin = create_engine(running_servers.database_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(make_url(running_servers.database_url).set(database=name))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
    admin.dispose()


def run(engine: Engine, step: str, revision: str) -> None:
    config = Config("alembic.ini")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        getattr(command, step)(config, revision)


def test_the_newest_schema_is_the_one_the_code_knows(empty_database: Engine) -> None:
    run(empty_database, "upgrade", "head")
    with empty_database.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    assert difference == []


def test_every_rule_of_the_tables_stands_in_the_database(empty_database: Engine) -> None:
    """Alembic does not compare check constraints."""
    run(empty_database, "upgrade", "head")
    found = {
        (table, rule["name"])
        for table in metadata.tables
        for rule in inspect(empty_database).get_check_constraints(table)
    }
    known = {
        (table.name, f"ck_{table.name}_{str(rule.name).removeprefix(f'ck_{table.name}_')}")
        for table in metadata.sorted_tables
        for rule in chain(table.constraints, *(column.constraints for column in table.columns))
        if isinstance(rule, CheckConstraint)
    }
    assert found == known


def test_every_migration_can_be_undone(empty_database: Engine) -> None:
    run(empty_database, "upgrade", "head")
    run(empty_database, "downgrade", "base")
    assert set(inspect(empty_database).get_table_names()) <= {"alembic_version"}
    run(empty_database, "upgrade", "head")
    assert "jobs" in inspect(empty_database).get_table_names()


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(Config("alembic.ini")).get_heads()) == 1
