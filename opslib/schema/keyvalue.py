"""Tables of the embedded key-value store.

Keys, fields and values are bytes: comparison is exact, as in Redis, whatever the database's collation.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from opslib.schema.metadata import metadata


class Utf8(sa.types.TypeDecorator[str]):
    """Text kept as UTF-8 bytes; bytes that are not UTF-8 are surrogates on the Python side."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """BLOB; on MariaDB a keyable VARBINARY, or LONGBLOB without a length."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.LargeBinary())
        return dialect.type_descriptor(mysql.VARBINARY(self.length) if self.length else mysql.LONGBLOB())

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        """Text -> bytes."""
        return None if value is None else value.encode("utf-8", "surrogateescape")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Bytes -> text."""
        return None if value is None else bytes(value).decode("utf-8", "surrogateescape")


_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ops_kv = sa.Table(
    "ops_kv",
    metadata,
    sa.Column("key", Utf8(255), primary_key=True),
    sa.Column("value", Utf8(), nullable=False),
    mysql_engine="InnoDB",
)

ops_kv_hash = sa.Table(
    "ops_kv_hash",
    metadata,
    sa.Column("key", Utf8(255), primary_key=True),
    sa.Column("field", Utf8(512), primary_key=True),
    sa.Column("value", Utf8(), nullable=False),
    mysql_engine="InnoDB",
)

ops_kv_list = sa.Table(
    "ops_kv_list",
    metadata,
    sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("key", Utf8(255), nullable=False),
    sa.Column("value", Utf8(), nullable=False),
    sa.Index("ops_kv_list_key", "key", "id"),
    mysql_engine="InnoDB",
)

ops_kv_message = sa.Table(
    "ops_kv_message",
    metadata,
    sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("channel", Utf8(255), nullable=False),
    sa.Column("message", Utf8(), nullable=False),
    sa.Column("created", sa.DateTime, nullable=False, comment="UTC"),
    sa.Index("ops_kv_message_channel", "channel", "id"),
    mysql_engine="InnoDB",
)

TABLES = (ops_kv, ops_kv_hash, ops_kv_list, ops_kv_message)
