"""The SQL database: one engine for MariaDB (pymysql) or SQLite, and the few things in which they differ.

Writers take their lock at the start (`write`), readers never wait for them (`read`); both are plain transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from opslib.errors import ServerError

T = TypeVar("T")

_SQLITE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=15000",
)
_SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
_WRITES = "mailops_writes"

# Error codes of the manuals: waited too long for a lock; no fault of the statement at all.
_MARIADB_BUSY = {1205, 1213, 1020}
_MARIADB_DOWN = {0, 1040, 1044, 1045, 1047, 1049, 1053, 1129, 1130, 1203, 1290, 1836}
_MARIADB_DOWN |= {2002, 2003, 2005, 2006, 2013, 2055}
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_DOWN = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}


def engine_for(url: str | sa.URL) -> sa.Engine:
    """The engine of a database URL, not yet connected; safe to share between threads.

    A SQLite file's directory is made.  `sqlite://` (in memory) is one connection, for one thread at a time.
    Statements raise ServerError `database_down` or `database_busy` when the trouble is not theirs.
    """
    parsed = sa.make_url(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _mariadb(parsed)
    sa.event.listen(engine, "handle_error", _reported)
    return engine


@contextmanager
def read(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to read with; what it changes is thrown away."""
    with _connect(engine) as connection:
        yield connection


@contextmanager
def write(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction: committed at the end, rolled back on an exception.

    SQLite locks at its beginning: a transaction that has read cannot be sure to get the lock later.  Never open one
    inside another.
    """
    with _connect(engine) as connection:
        connection = connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


def insert_or_update(
    table: sa.Table, bind: sa.Engine | sa.Connection, columns: Iterable[str] | None = None
) -> sqlite.Insert | mysql.Insert:
    """An INSERT that, where the primary key is taken, sets `columns` (all but the key's) to the new values.

    Execute it with one dictionary or a list of them.
    """
    keys = [column.name for column in table.primary_key]
    names = [c.name for c in table.columns if c.name not in keys] if columns is None else list(columns)
    if bind.dialect.name == "sqlite":
        statement = sqlite.insert(table)
        if not names:
            return statement.on_conflict_do_nothing(index_elements=keys)
        changes = {name: statement.excluded[name] for name in names}
        return statement.on_conflict_do_update(index_elements=keys, set_=changes)
    insert = mysql.insert(table)
    return insert.on_duplicate_key_update({name: insert.inserted[name] for name in names or keys[:1]})


def chunks(items: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Consecutive slices of at most `size`: both databases limit what one statement may carry."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _connect(engine: sa.Engine) -> sa.Connection:
    try:
        return engine.connect()
    except sa.exc.TimeoutError as error:
        raise ServerError("database_busy", "all connections are in use") from error


def _sqlite(url: sa.URL) -> sa.Engine:
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False}, "hide_parameters": True}
    if url.database in (None, "", ":memory:"):
        options["poolclass"] = sa.StaticPool
    else:
        Path(url.database or "").parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        options |= {"pool_size": 10, "max_overflow": 20}
    engine = sa.create_engine(url, **options)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions at moments of its own choosing
    cursor = connection.cursor()
    for pragma in _SQLITE:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


def _mariadb(url: sa.URL) -> sa.Engine:
    """READ COMMITTED: after waiting for a lock a transaction must see what the other one committed, and without gap
    locks a bulk edit does not block the daemons that write quota and log-in rows all the time.
    """
    timeouts = {"connect_timeout": 5, "read_timeout": 60, "write_timeout": 60}
    return sa.create_engine(
        url.set(drivername="mysql+pymysql").update_query_dict({"charset": "utf8mb4"}),
        connect_args={"sql_mode": _SQL_MODE, **timeouts},
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # an error's text must not hold password hashes
        pool_pre_ping=True,
        pool_recycle=600,
        pool_size=10,
        max_overflow=20,
    )


def _reported(context: sa.engine.ExceptionContext) -> None:
    """Turn trouble of the server into ServerError; errors of a statement pass on as they are."""
    original = context.original_exception
    key = _server_trouble(original)
    if key or context.is_disconnect:
        reason = str(original.args[-1]) if original.args else ""
        raise ServerError(key or "database_down", reason or type(original).__name__)


def _server_trouble(error: BaseException) -> str | None:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", -1) & 0xFF
        busy, down = _SQLITE_BUSY, _SQLITE_DOWN
    else:
        code = error.args[0] if error.args else -1
        busy, down = _MARIADB_BUSY, _MARIADB_DOWN
    return "database_busy" if code in busy else "database_down" if code in down else None
