"""Databases for the tests: the same tests run on SQLite and, where a server is given, on MariaDB."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from opslib.schema import metadata, templates
from opslib.schema.create import DOMAIN_TEMPLATE, MAILBOX_TEMPLATE, initialise
from opslib.stores.database import engine_for

MARIADB = os.environ.get("MAILOPS_TEST_MARIADB", "")
KEPT = {"versions", "templates"}


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI") and not MARIADB:
        raise pytest.UsageError("CI must prove MariaDB too: MAILOPS_TEST_MARIADB is missing")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that is set up and empty."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    engine = engine_for(f"sqlite:///{path}")
    initialise(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def mariadb_engine() -> Iterator[sa.Engine]:
    """A MariaDB database of this run, set up and empty."""
    server, name = engine_for(MARIADB), f"mailops_test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    engine = engine_for(sa.make_url(MARIADB).set(database=name))
    initialise(engine)
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


def emptied(engine: sa.Engine) -> None:
    """Every row gone but the schema's own; templates are back to the built-in ones."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET foreign_key_checks=0")
        for table in metadata.sorted_tables:
            if table.name not in KEPT:
                connection.execute(table.delete())
        connection.exec_driver_sql("DELETE FROM templates WHERE template <> 'Default'")
        for kind, attributes in (("domain", DOMAIN_TEMPLATE), ("mailbox", MAILBOX_TEMPLATE)):
            connection.execute(templates.update().where(templates.c.type == kind).values(attributes=attributes))
        connection.exec_driver_sql("SET foreign_key_checks=1")


@pytest.fixture(params=["sqlite", *(["mariadb"] if MARIADB else [])])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A set-up database without domains: SQLite, and MariaDB where a server is given."""
    if request.param == "mariadb":
        found: sa.Engine = request.getfixturevalue("mariadb_engine")
        emptied(found)
        yield found
        return
    path = tmp_path / "site.sqlite"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    found = engine_for(f"sqlite:///{path}")
    yield found
    found.dispose()
