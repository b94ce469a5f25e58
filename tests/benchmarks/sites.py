"""Demo sites to measure on: small and large, on SQLite and on MariaDB where a server is given."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from opslib.actor import Actor
from opslib.host.demo import DemoHost
from opslib.ops import Ops
from opslib.schema.create import initialise
from opslib.site import Site
from opslib.stores.database import engine_for
from opslib.stores.keyvalue import EmbeddedStore

MARIADB = os.environ.get("MAILOPS_TEST_MARIADB", "")


def now() -> datetime:
    """The clock of the sites."""
    return datetime.now(UTC)


def databases() -> list[str]:
    """Databases this machine can measure."""
    return ["SQLite", *(["MariaDB"] if MARIADB else [])]


@contextmanager
def site(database: str) -> Iterator[Site]:
    """An empty site of its own that is set up, and gone afterwards; the key-value store is in its database."""
    with (_mariadb if database == "MariaDB" else _sqlite)() as engine:
        initialise(engine)
        keyvalue = EmbeddedStore(engine, now)
        yield Site(engine, keyvalue, DemoHost(keyvalue, now), clock=now)


def ops(on: Site) -> Ops:
    """Ops of an administrator."""
    return Ops(on, Actor("bench", "admin"))


@contextmanager
def _sqlite() -> Iterator[sa.Engine]:
    with TemporaryDirectory() as directory:
        engine = engine_for(f"sqlite:///{Path(directory) / 'site.sqlite'}")
        yield engine
        engine.dispose()


@contextmanager
def _mariadb() -> Iterator[sa.Engine]:
    server, name = engine_for(MARIADB), f"mailops_bench_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    engine = engine_for(sa.make_url(MARIADB).set(database=name))
    try:
        yield engine
    finally:
        engine.dispose()
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        server.dispose()
