"""Column kinds of the contract's tables, exact on MariaDB and sensible on SQLite.

MariaDB compares text without regard to case (addresses.md 1.5); SQLite columns get NOCASE for that.  `modified` is kept
by MariaDB itself and by a trigger on SQLite (`opslib.schema.create`), so it also follows set-based updates.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.sql import quoted_name

from opslib.schema.metadata import metadata

NOW = sa.text("CURRENT_TIMESTAMP")
JSON = sa.JSON(none_as_null=True)


def varchar(length: int) -> sa.types.TypeEngine[Any]:
    return sa.String(length).with_variant(sa.String(length, collation="NOCASE"), "sqlite")


def text(name: str, length: int = 255, **options: Any) -> sa.Column[str]:
    """VARCHAR NOT NULL unless told otherwise."""
    options.setdefault("nullable", options.get("server_default", "") is None)
    return sa.Column(name, varchar(length), **options)


def long_text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), **options)


def flag(name: str, default: int | None = None, **options: Any) -> sa.Column[int]:
    """TINYINT(1) NOT NULL."""
    kind = sa.Integer().with_variant(mysql.TINYINT(1, unsigned=options.pop("unsigned", False)), "mysql", "mariadb")
    options.setdefault("nullable", False)
    return sa.Column(name, kind, server_default=None if default is None else str(default), **options)


def integer(name: str, default: int | None = None, width: int | None = None, **options: Any) -> sa.Column[int]:
    kind = sa.Integer().with_variant(mysql.INTEGER(display_width=width), "mysql", "mariadb")
    return sa.Column(name, kind, server_default=None if default is None else str(default), **options)


def big(name: str, default: int | None = None, **options: Any) -> sa.Column[int]:
    """BIGINT(20) NOT NULL."""
    kind = sa.BigInteger().with_variant(mysql.BIGINT(display_width=20), "mysql", "mariadb")
    return sa.Column(name, kind, server_default=None if default is None else str(default), nullable=False, **options)


def small(name: str, default: int | None = None, unsigned: bool = False) -> sa.Column[int]:
    kind = sa.Integer().with_variant(mysql.SMALLINT(unsigned=unsigned), "mysql", "mariadb")
    return sa.Column(name, kind, server_default=None if default is None else str(default), nullable=False)


def tiny(name: str, default: int | None = None, unsigned: bool = False) -> sa.Column[int]:
    """TINYINT that holds a number, not a flag."""
    kind = sa.Integer().with_variant(mysql.TINYINT(unsigned=unsigned), "mysql", "mariadb")
    return sa.Column(name, kind, server_default=None if default is None else str(default), nullable=False)


def serial(name: str = "id", **options: Any) -> sa.Column[int]:
    """INT AUTO_INCREMENT PRIMARY KEY."""
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=True, **options)


def choice(name: str, *values: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(32).with_variant(mysql.ENUM(*values), "mysql", "mariadb"), **options)


def created() -> sa.Column[Any]:
    return sa.Column("created", sa.DateTime, nullable=False, server_default=NOW)


def modified() -> sa.Column[Any]:
    on_update = sa.text("NULL ON UPDATE CURRENT_TIMESTAMP")
    column: sa.Column[Any] = sa.Column("modified", sa.DateTime, nullable=True)
    column.info["on_update"] = on_update
    return column


def table(name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    """A table of our database.  Numbers are never given twice: SQLite would reuse those of deleted rows."""
    counts = any(isinstance(item, sa.Column) and item.primary_key and item.autoincrement is True for item in items)
    return sa.Table(
        name,
        metadata,
        *items,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_row_format="DYNAMIC",
        sqlite_autoincrement=counts,
    )


def key(name: str, *columns: str) -> sa.Index:
    """A plain key.  SQLite wants index names unique in the database, so there it carries the table's name."""
    return sa.Index(name, *columns, info={"key": name})


@sa.event.listens_for(sa.Table, "before_create")
def suit_dialect(target: sa.Table, connection: sa.Connection, **_: Any) -> None:
    """Give defaults and key names the form of the database the table is about to be created in."""
    on_mariadb = connection.dialect.name in {"mysql", "mariadb"}
    column = target.columns.get("modified")
    if column is not None and "on_update" in column.info:
        column.server_default = sa.DefaultClause(column.info["on_update"]) if on_mariadb else None
    for index in target.indexes:
        if "key" in index.info:
            bare = str(index.info["key"])
            index.name = quoted_name(bare if on_mariadb else f"key_{target.name}_{bare}", None)


@sa.event.listens_for(sa.Table, "after_create")
def index_references(target: sa.Table, connection: sa.Connection, **_: Any) -> None:
    """Give SQLite the index that MariaDB makes for a foreign key: tags are looked up by their owner."""
    keys = [*(index.columns.keys() for index in target.indexes), target.primary_key.columns.keys()]
    led = {columns[0] for columns in keys if columns}
    for reference in target.foreign_key_constraints:
        if connection.dialect.name == "sqlite" and reference.column_keys[0] not in led:
            connection.exec_driver_sql(f"CREATE INDEX {reference.name} ON {target.name} ({reference.column_keys[0]})")


def mailbox_reference(column: str, name: str) -> sa.ForeignKeyConstraint:
    """Foreign key to a mailbox: rows go with it, renames do not follow."""
    return sa.ForeignKeyConstraint([column], ["mailbox.username"], name=name, ondelete="CASCADE", onupdate="NO ACTION")
