"""Set a database up, or add our own tables to one that a mail server uses already (addresses.md 2).

The contract's tables are somebody else's: once the `versions` row is there, nothing of them is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from opslib.errors import ServerError
from opslib.fields import MIB
from opslib.schema import metadata
from opslib.schema.addresses import USER_BITS, templates
from opslib.schema.columns import suit_dialect
from opslib.schema.console import ops_state
from opslib.schema.mailflow import versions
from opslib.schema.views import EVENTS, event_statement, view_queries

VERSION = "19022026_1220"
_LOCK = "mailops_schema"
_BEGUN = "schema_begun"
_PATIENCE = 60
_COUNTED = (("oauth_clients", "id INT"), ("sogo_folder_info", "c_folder_id BIGINT UNSIGNED"))  # beside the primary key

DOMAIN_TEMPLATE: dict[str, Any] = {
    "tags": [],
    "max_num_aliases_for_domain": 400,
    "max_num_mboxes_for_domain": 10,
    "def_quota_for_mbox": 3072 * MIB,
    "max_quota_for_mbox": 10240 * MIB,
    "max_quota_for_domain": 10240 * MIB,
    "rl_frame": "s",
    "rl_value": "",
    "active": 1,
    "gal": 1,
    "backupmx": 0,
    "relay_all_recipients": 0,
    "relay_unknown_only": 0,
    "dkim_selector": "dkim",
    "key_size": 2048,
}
MAILBOX_TEMPLATE: dict[str, Any] = {
    "tags": [],
    "quota": 0,
    "quarantine_notification": "hourly",
    "quarantine_category": "reject",
    "rl_frame": "s",
    "rl_value": "",
    "force_pw_update": 0,
    "force_tfa": 0,
    "sogo_access": 1,
    "active": 1,
    "tls_enforce_in": 0,
    "tls_enforce_out": 0,
    **{f"{protocol}_access": 1 for protocol in ("imap", "pop3", "smtp", "sieve", "eas", "dav")},
    **{f"acl_{bit}": default for bit, default in USER_BITS.items() if bit != "pw_reset"},
}


@dataclass
class Report:
    """What `initialise` did: tables added, whether the contract's schema was created, and what could not be done."""

    created: list[str] = field(default_factory=list)
    fresh: bool = False
    remarks: list[str] = field(default_factory=list)


def is_set_up(engine: sa.Engine) -> bool:
    """Whether the database holds the contract's schema and all of our tables."""
    with engine.connect() as connection:
        there = set(sa.inspect(connection).get_table_names())
        return _has_contract(connection, there) and {table.name for table in _own()} <= there


def initialise(engine: sa.Engine) -> Report:
    """Create what is missing; safe to run twice, and by two processes at once.

    Raises
    ------
    ServerError
        When the database holds other tables but no mail server schema.
    """
    with _alone(engine) as connection:
        there = set(sa.inspect(connection).get_table_names())
        ready = _has_contract(connection, there)
        own = [table for table in _own() if table.name not in there]
        if not ready and there - {table.name for table in _own()} and not _begun(connection, there):
            raise ServerError("schema_foreign")
        _create_tables(connection, _own())
        report = Report([table.name for table in own])
        if not ready:
            _create_contract(connection, report)
        return report


def _own() -> list[sa.Table]:
    return [table for name, table in metadata.tables.items() if name.startswith("ops_")]


def _has_contract(connection: sa.Connection, there: set[str]) -> bool:
    """Whether the `versions` row of the contract's schema is there; others have tables of that name too."""
    if "versions" not in there:
        return False
    if not {"application", "version"} <= {c["name"] for c in sa.inspect(connection).get_columns("versions")}:
        return False
    query = sa.select(versions.c.version).where(versions.c.application == "db_schema")
    return connection.execute(query).first() is not None


def _begun(connection: sa.Connection, there: set[str]) -> bool:
    """Whether a set-up of ours ended half-way: MariaDB commits at every CREATE."""
    if ops_state.name not in there:
        return False
    return connection.execute(sa.select(ops_state).where(ops_state.c.name == _BEGUN)).first() is not None


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that no other set-up shares: SQLite locks its file, MariaDB a name."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection = connection.execution_options(mailops_writes=True)
            with connection.begin():
                yield connection
            return
        got = connection.execute(sa.select(sa.func.get_lock(_LOCK, _PATIENCE))).scalar()
        if got != 1:
            raise ServerError("database_busy", "another set-up is running.")
        try:
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(sa.select(sa.func.release_lock(_LOCK)))


def _create_contract(connection: sa.Connection, report: Report) -> None:
    tables = [table for name, table in metadata.tables.items() if not name.startswith("ops_")]
    connection.execute(ops_state.delete().where(ops_state.c.name == _BEGUN))
    connection.execute(ops_state.insert().values(name=_BEGUN, value=VERSION))
    _create_tables(connection, tables)
    mariadb = connection.dialect.name != "sqlite"
    _create_views(connection, mariadb)
    if mariadb:
        for table, column in _COUNTED:
            connection.exec_driver_sql(f"ALTER TABLE {table} MODIFY {column} NOT NULL AUTO_INCREMENT")
        _create_events(connection, report)
    else:
        _create_triggers(connection, tables)
    for kind, attributes in (("domain", DOMAIN_TEMPLATE), ("mailbox", MAILBOX_TEMPLATE)):
        connection.execute(templates.insert().values(template="Default", type=kind, attributes=attributes))
    connection.execute(versions.insert().values(application="db_schema", version=VERSION))
    connection.execute(ops_state.delete().where(ops_state.c.name == _BEGUN))
    report.fresh = True
    report.created += [table.name for table in tables]


def _create_tables(connection: sa.Connection, tables: list[sa.Table]) -> None:
    """Create what is missing, keys of a table included that an earlier set-up left without."""
    metadata.create_all(connection, tables)
    for table in tables:
        suit_dialect(table, connection)
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def _create_views(connection: sa.Connection, mariadb: bool) -> None:
    for name, query in view_queries(mariadb).items():
        if mariadb:
            connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {name} AS {query.replace('%', '%%')}")
        else:
            connection.exec_driver_sql(f"CREATE VIEW {name} AS {query}")


def _create_events(connection: sa.Connection, report: Report) -> None:
    for name in EVENTS:
        try:
            connection.exec_driver_sql(event_statement(name))
        except sa.exc.OperationalError as error:
            report.remarks.append(f"Event {name} was not created: {error.orig}")


def _create_triggers(connection: sa.Connection, tables: list[sa.Table]) -> None:
    """`modified` follows updates, as MariaDB's ON UPDATE does."""
    for table in tables:
        if "modified" in table.c:
            columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name != "modified")
            connection.exec_driver_sql(
                f"CREATE TRIGGER {table.name}_modified AFTER UPDATE OF {columns} ON {table.name} "
                f"WHEN NEW.modified IS OLD.modified BEGIN UPDATE {table.name} "
                f"SET modified = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE rowid = NEW.rowid; END"
            )
