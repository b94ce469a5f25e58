"""Row writes carried out set-based: check what stands there, then insert, update and delete in few statements.

Updates that set the same values share one statement; many different values become one `CASE` per column.  So a bulk
edit of 20,000 rows is a few dozen statements, on MariaDB and on SQLite.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from opslib.errors import Conflict, Problem
from opslib.images import SECRETS
from opslib.plan import Purge, Row, RowWrite
from opslib.schema.metadata import metadata
from opslib.stores.database import chunks

CHUNK = 500
MOST_GROUPS = 8
MOST_CONFLICTS = 20

_ALIKE = json.JSONEncoder(sort_keys=True, default=str)

KeyId = tuple[tuple[str, str], ...]


def table_of(name: str) -> sa.Table:
    """The table of that name; only declared tables can be written."""
    return metadata.tables[name]


def key_id(row: Row, names: Iterable[str]) -> KeyId:
    """Comparable identity of a row: the contract's keys ignore case (addresses.md 1.5)."""
    return tuple((name, str(row[name]).casefold()) for name in names)


def having(table: sa.Table, keys: Sequence[Row]) -> sa.ColumnElement[bool]:
    """Clause for the rows with these keys (all of the same columns)."""
    names = list(keys[0])
    if len(names) == 1:
        return table.c[names[0]].in_([key[names[0]] for key in keys])
    columns = sa.tuple_(*(table.c[name] for name in names))
    return columns.in_([tuple(key[name] for name in names) for key in keys])


def current(
    connection: sa.Connection, name: str, keys: Sequence[Row], images: Iterable[Row | None], lock: bool = False
) -> dict[KeyId, Row]:
    """Rows of `name` as they stand, by key: the columns that the keys and images speak of, no mails read for nothing."""
    table = table_of(name)
    wanted = dict.fromkeys(part.partition(".")[0] for row in (*keys, *images) for part in row or ())
    columns = [table.c[part] for part in wanted]
    found: dict[KeyId, Row] = {}
    by_names: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for key in keys:
        by_names[tuple(key)].append(key)
    for names, group in by_names.items():
        for chunk in chunks(group, CHUNK):
            query = sa.select(*columns).where(having(table, chunk))
            rows = connection.execute(query.with_for_update() if lock else query).mappings()
            found.update({key_id(dict(row), names): dict(row) for row in rows})
    return found


def cell(row: Row, name: str) -> Any:
    """Value of a column or of `column.key` in a full row."""
    base, _, key = name.partition(".")
    value = row.get(base)
    return (value or {}).get(key) if key else value


def matches(row: Row | None, image: Row | None, secret: Iterable[str] = ()) -> bool:
    """Whether a row stands as the image says."""
    if row is None or image is None:
        return row is None and image is None
    return all(cell(row, name) == value for name, value in image.items() if name not in secret)


# -- checking -------------------------------------------------------------------------------------------------------
def verify(connection: sa.Connection, writes: Iterable[RowWrite | Purge]) -> None:
    """Lock the rows and compare them with the before images; new rows are left to the tables' own keys.

    Raises
    ------
    Conflict
        Naming up to 20 rows that changed or vanished since the plan was made.
    """
    problems: list[Problem] = []
    by_table: dict[str, list[RowWrite]] = defaultdict(list)
    for write in writes:
        if isinstance(write, RowWrite) and write.before is not None:
            by_table[write.table].append(write)
    for name, group in by_table.items():
        rows = current(connection, name, [w.key for w in group], [w.before for w in group], lock=True)
        problems += _conflicts(name, group, rows)
    if problems:
        raise Conflict.of(problems[:MOST_CONFLICTS])


def _conflicts(name: str, writes: list[RowWrite], rows: dict[KeyId, Row]) -> Iterator[Problem]:
    touched: set[KeyId] = set()
    for write in writes:
        place = key_id(write.key, write.key)
        if place in touched:
            continue
        touched |= {place, key_id(write.key_after, write.key)}
        problem = _conflict(write, rows.get(place))
        if problem:
            yield problem


def _conflict(write: RowWrite, row: Row | None) -> Problem | None:
    subject = write.subject or ", ".join(map(str, write.key.values()))
    if row is None or write.before is None:
        return Problem("row_gone", (subject,))
    moved = next((n for n, value in write.before.items() if n != "modified" and cell(row, n) != value), None)
    if moved is None:
        return None
    hidden = moved in SECRETS.get(write.table, ())
    return Problem("row_changed", (subject, moved, "another one" if hidden else cell(row, moved)))


# -- writing --------------------------------------------------------------------------------------------------------
def apply(connection: sa.Connection, writes: Iterable[RowWrite | Purge]) -> None:
    """Carry out the writes in order; neighbours of one kind share statements."""
    steps = list(writes)
    if any(map(_renames, steps)):
        with _references_unchecked(connection):
            _apply(connection, steps)
    else:
        _apply(connection, steps)


def _renames(write: RowWrite | Purge) -> bool:
    """Whether a key changes that other tables refer to; the contract's foreign keys do not follow it."""
    return isinstance(write, RowWrite) and None not in (write.before, write.after) and write.key != write.key_after


@contextmanager
def _references_unchecked(connection: sa.Connection) -> Iterator[None]:
    """Foreign keys are not checked inside; SQLite checks them at the commit."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        yield
        return
    connection.exec_driver_sql("SET SESSION foreign_key_checks=0")
    try:
        yield
    finally:
        connection.exec_driver_sql("SET SESSION foreign_key_checks=1")


def _apply(connection: sa.Connection, writes: list[RowWrite | Purge]) -> None:
    for (kind, name, _), group in groupby(writes, key=_kind):
        table, batch = table_of(name), list(group)
        if kind == "purge":
            for purge in batch:
                if isinstance(purge, Purge):
                    _purge(connection, table, purge)
        else:
            _APPLY[kind](connection, table, [write for write in batch if isinstance(write, RowWrite)])


def _kind(write: RowWrite | Purge) -> tuple[str, str, tuple[str, ...]]:
    if isinstance(write, Purge):
        return "purge", write.table, (write.column,)
    if write.before is None:
        return "insert", write.table, tuple(write.after or ())
    return ("delete" if write.after is None else "update"), write.table, tuple(write.key)


def _purge(connection: sa.Connection, table: sa.Table, purge: Purge) -> None:
    for chunk in chunks(purge.values, CHUNK):
        connection.execute(table.delete().where(table.c[purge.column].in_(chunk)))


def _insert(connection: sa.Connection, table: sa.Table, writes: list[RowWrite]) -> None:
    for chunk in chunks(writes, CHUNK):
        connection.execute(table.insert(), [_whole(write.after or {}) for write in chunk])


def _whole(image: Row) -> Row:
    """A new row with its JSON documents made of the keys given for them."""
    row: Row = {}
    for name, value in image.items():
        base, _, key = name.partition(".")
        row[base] = {**(row.get(base) or {}), key: value} if key else value
    return row


def _delete(connection: sa.Connection, table: sa.Table, writes: list[RowWrite]) -> None:
    for chunk in chunks(writes, CHUNK):
        connection.execute(table.delete().where(having(table, [write.key for write in chunk])))


def _update(connection: sa.Connection, table: sa.Table, writes: list[RowWrite]) -> None:
    by_shape: dict[tuple[str, ...], list[RowWrite]] = defaultdict(list)
    for write in writes:
        by_shape[tuple(sorted(write.after or ()))].append(write)
    for shape, group in by_shape.items():
        same: dict[str, list[RowWrite]] = defaultdict(list)
        for write in group:
            same[_ALIKE.encode(write.after)].append(write)
        if len(same) <= MOST_GROUPS or len(group[0].key) > 1:
            for alike in same.values():
                _update_alike(connection, table, alike)
        else:
            _update_cases(connection, table, shape, group)


def _update_alike(connection: sa.Connection, table: sa.Table, writes: list[RowWrite]) -> None:
    values = _assignments(table, writes[0].after or {})
    for chunk in chunks(writes, CHUNK):
        connection.execute(table.update().where(having(table, [write.key for write in chunk])).values(values))


def _update_cases(connection: sa.Connection, table: sa.Table, shape: tuple[str, ...], writes: list[RowWrite]) -> None:
    (key,) = writes[0].key
    for chunk in chunks(writes, CHUNK):
        cases: Row = {}
        for name in shape:
            kind = table.c[name].type if "." not in name else sa.Text()
            options = {w.key[key]: sa.literal((w.after or {})[name], kind) for w in chunk}
            cases[name] = sa.case(options, value=table.c[key])
        where = having(table, [write.key for write in chunk])
        connection.execute(table.update().where(where).values(_assignments(table, cases)))


def _assignments(table: sa.Table, image: Row) -> dict[str, Any]:
    """Values for an UPDATE: columns as they are, keys of a JSON column merged into it."""
    values: dict[str, Any] = {}
    inside: dict[str, list[Any]] = defaultdict(list)
    for name, value in image.items():
        base, _, key = name.partition(".")
        if key:
            inside[base] += [f'$."{key}"', value]
        else:
            values[base] = value
    for base, pairs in inside.items():
        values[base] = sa.func.json_set(sa.func.coalesce(table.c[base], sa.literal_column("'{}'")), *pairs)
    return values


_APPLY = {"insert": _insert, "update": _update, "delete": _delete}
