"""Compare live tables with the declared ones: what is missing, what nobody declared, what holds another kind of value.

The mail server's own schema routine drops columns and keys it does not know, so extra ones are told as well
(addresses.md 2).  Key names do not matter, the columns under them do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ReflectedColumn

from opslib.schema.metadata import metadata

Key = tuple[tuple[str, ...], bool]
Difference = tuple[str, str]  # what it is about, and the sentence

_FAMILIES: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.JSON, "text"),  # MariaDB's JSON is LONGTEXT
    (sa.Integer, "whole number"),
    (sa.Float, "number"),
    (sa.Numeric, "number"),
    (sa.DateTime, "date and time"),
    (sa.TIMESTAMP, "date and time"),
    (sa.LargeBinary, "bytes"),
    (sa.types._Binary, "bytes"),
    (sa.String, "text"),
)


def check(engine: sa.Engine) -> list[str]:
    """Every difference in words; [] when there is none."""
    with engine.connect() as connection:
        return [sentence for _, sentence in (*columns(connection), *keys(connection))]


def columns(connection: sa.Connection) -> Iterator[Difference]:
    """Tables and columns that are missing or unknown, and columns of another kind."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
        if table.name in there:
            yield from _columns(inspector, table)
        else:
            yield table.name, f"Table {table.name} is missing."


def keys(connection: sa.Connection) -> Iterator[Difference]:
    """Keys that are missing or unknown."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
        if table.name in there:
            yield from ((table.name, sentence) for sentence in _keys(inspector, table))


def _columns(inspector: sa.Inspector, table: sa.Table) -> Iterator[Difference]:
    live = {column["name"]: column for column in inspector.get_columns(table.name)}
    declared = {column.name: column for column in table.columns}
    for name in sorted(declared.keys() | live.keys()):
        subject = f"{table.name}.{name}"
        if name not in live:
            yield subject, f"Column {subject} is missing."
        elif name not in declared:
            yield subject, f"Column {subject} is not part of the schema."
        else:
            for fault in _faults(declared[name], live[name], inspector.dialect):
                yield subject, f"Column {subject} {fault}."


def _faults(declared: sa.Column[Any], live: ReflectedColumn, dialect: sa.Dialect) -> Iterator[str]:
    wanted, found = family(declared.type.dialect_impl(dialect)), family(live["type"])
    if wanted != found:
        yield f"holds {found}, not {wanted}"
    if bool(declared.nullable) != live["nullable"] and not declared.primary_key:
        yield "may be empty" if live["nullable"] else "must not be empty"


def family(kind: sa.types.TypeEngine[Any]) -> str:
    """What a column type holds: text, whole numbers, numbers, times or bytes."""
    if isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    return next((word for known, word in _FAMILIES if isinstance(kind, known)), str(kind).lower())


def _keys(inspector: sa.Inspector, table: sa.Table) -> Iterator[str]:
    live, declared = live_keys(inspector, table.name), declared_keys(table)
    borne = {(tuple(key["constrained_columns"]), False) for key in inspector.get_foreign_keys(table.name)}
    for columns, unique in sorted(declared - live):
        yield f"Key {table.name}({', '.join(columns)}) is missing{' or not unique' if unique else ''}."
    for columns, unique in sorted(live - declared - borne):
        yield f"Key {table.name}({', '.join(columns)}) is not part of the schema{' (unique)' if unique else ''}."
    primary = tuple(inspector.get_pk_constraint(table.name)["constrained_columns"])
    if set(primary) != {column.name for column in table.primary_key}:
        yield f"The primary key of {table.name} is ({', '.join(primary)})."


def live_keys(inspector: sa.Inspector, table: str) -> set[Key]:
    """(columns, unique) of every secondary key."""
    keys = {(tuple(map(str, i["column_names"])), bool(i["unique"])) for i in inspector.get_indexes(table)}
    return keys | {(tuple(u["column_names"]), True) for u in inspector.get_unique_constraints(table)}


def declared_keys(table: sa.Table) -> set[Key]:
    """(columns, unique) of every declared secondary key."""
    keys = {(tuple(index.columns.keys()), bool(index.unique)) for index in table.indexes}
    uniques = (c for c in table.constraints if isinstance(c, sa.UniqueConstraint))
    return keys | {(tuple(unique.columns.keys()), True) for unique in uniques}
