"""Empty databases, one per test, on both kinds of server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from opslib.stores.database import engine_for

MARIADB = os.environ.get("MAILOPS_TEST_MARIADB", "")
KINDS = ["sqlite", *(["mariadb"] if MARIADB else [])]


@contextmanager
def empty_database(kind: str, directory: Path) -> Iterator[sa.Engine]:
    """An engine on a database without a table."""
    if kind == "sqlite":
        engine = engine_for(f"sqlite:///{directory / 'empty.sqlite'}")
        yield engine
        engine.dispose()
        return
    server, name = engine_for(MARIADB), f"mailops_test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    engine = engine_for(sa.make_url(MARIADB).set(database=name))
    try:
        yield engine
    finally:
        engine.dispose()
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        server.dispose()


def statements(engine: sa.Engine) -> dict[str, str]:
    """CREATE statement of every table and view, by name."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            return {str(name): str(sql) for name, sql in connection.exec_driver_sql(query)}
        names = sa.inspect(connection).get_table_names()
        made = {name: connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()[1] for name in names}
        return {name: str(sql).split(" AUTO_INCREMENT=")[0] for name, sql in made.items()}
