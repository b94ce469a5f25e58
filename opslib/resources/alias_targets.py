"""The index `ops_alias_target`: which aliases have an address among their targets, by exact membership.

`alias.goto` is a comma list that SQL cannot search by an index.  Every entry of every list is one row (target in lower
case, alias id); self rows (address = goto) have theirs too, so readers join `alias` and compare.  Other programs write
aliases as well: a signature of the table as it was indexed is kept in `ops_state`, and a differing one means to index
again.  It is a sum over the rows, so a commit of ours adds what it changed and hides nothing of what others did.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import sqlalchemy as sa

from opslib import registry
from opslib.schema import alias, ops_alias_target, ops_state
from opslib.site import Site
from opslib.stores.database import chunks, read, write

STATE = "alias_targets"
EVERY_S = 20.0
CHUNK = 1000
LONGEST = 255

Entry = tuple[str, int]
Signature = tuple[int, int, int]  # aliases, sum of their ids, sum of id x weight of goto


# -- reading --------------------------------------------------------------------------------------------------------
def split_targets(goto: str | None) -> list[str]:
    """Entries of a target list, as typed, unique without regard to case."""
    found: dict[str, str] = {}
    for part in (goto or "").split(","):
        if part.strip():
            found.setdefault(part.strip().lower(), part.strip())
    return list(found.values())


def ensure(site: Site) -> None:
    """Index again when other programs changed aliases; looks at the table at most every 20 s in a process."""
    now = site.clock().timestamp()
    if abs(now - site.extra.get(STATE, float("-inf"))) < EVERY_S:
        return
    site.extra[STATE] = now
    with read(site.engine) as connection:
        stale = _stored(connection) != _signature(connection)
    if stale:
        with write(site.engine) as connection:
            refresh(connection)


def refresh(connection: sa.Connection) -> None:
    """Inside a transaction: index again when the table is not as it was indexed."""
    if _stored(connection, lock=True) != _signature(connection):
        synchronise(connection)


# -- indexing -------------------------------------------------------------------------------------------------------
@dataclass
class _Noted:
    """Aliases as they stood before the writes of one transaction: id -> goto, for the addresses asked about."""

    transaction: Any
    addresses: set[str] = field(default_factory=set)
    rows: dict[int, str] = field(default_factory=dict)
    done: bool = False


@registry.preparation("alias_targets")
def note(connection: sa.Connection, site: Site, *addresses: str) -> None:
    """Before the writes: remember the rows about to change, so that what they lose can be subtracted."""
    noted = _noted(connection)
    noted.addresses |= {address.lower() for address in addresses}
    noted.rows.update(_rows(connection, addresses))


@registry.derivation
def alias_targets(connection: sa.Connection, site: Site, *addresses: str) -> None:
    """Index the aliases with these addresses, and forget those that are gone; without addresses index everything."""
    noted = _noted(connection)
    if noted.done:
        return
    if not addresses or not {address.lower() for address in addresses} <= noted.addresses:
        synchronise(connection)
        return
    now = _rows(connection, noted.addresses)
    stored = _stored(connection, lock=True)
    if stored is None:
        synchronise(connection)
        return
    _forget(connection, sorted({*noted.rows, *now}))
    _remember(connection, _entries(now.items()))
    _store(connection, _sum(connection, stored, noted.rows, now))
    noted.done = True


def synchronise(connection: sa.Connection) -> None:
    """Make the index exact: read both sides, write the difference.  40,000 aliases take well under a second."""
    _claim(connection)
    signature = _signature(connection)
    wanted = _entries(connection.execute(sa.select(alias.c.id, alias.c.goto)))
    table = ops_alias_target
    have = {(target.lower(), key) for target, key in connection.execute(sa.select(table.c.target, table.c.alias_id))}
    surplus = {key for _, key in have - wanted}
    _forget(connection, sorted(surplus))
    _remember(connection, {entry for entry in wanted if entry not in have or entry[1] in surplus})
    _store(connection, signature)
    _noted(connection).done = True


def _noted(connection: sa.Connection) -> _Noted:
    """Notes of the present transaction; those of an earlier one are dropped."""
    transaction = connection.get_transaction()
    found = connection.info.get(STATE)
    if found is None or found.transaction is not transaction:
        found = connection.info[STATE] = _Noted(transaction)
    return found


def _rows(connection: sa.Connection, addresses: Collection[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(sorted(addresses), CHUNK):
        query = sa.select(alias.c.id, alias.c.goto).where(alias.c.address.in_(chunk))
        for key, goto in connection.execute(query):
            found[key] = goto
    return found


def _entries(rows: Iterable[Sequence[Any]]) -> set[Entry]:
    """Index entries of (id, goto) rows; what is longer than any address is none."""
    return {
        (part, key) for key, goto in rows for part in (text.strip().lower() for text in goto.split(","))
        if part and len(part) <= LONGEST
    }  # fmt: skip


def _forget(connection: sa.Connection, ids: Sequence[int]) -> None:
    for chunk in chunks(ids, CHUNK):
        connection.execute(ops_alias_target.delete().where(ops_alias_target.c.alias_id.in_(chunk)))


def _remember(connection: sa.Connection, entries: Collection[Entry]) -> None:
    """Insert entries; two that the server's collation holds for equal become one (addresses.md 1.5)."""
    insert = ops_alias_target.insert().prefix_with("IGNORE", dialect="mysql").prefix_with("OR IGNORE", dialect="sqlite")
    for chunk in chunks(sorted(entries), 5 * CHUNK):
        connection.execute(insert, [{"target": target, "alias_id": key} for target, key in chunk])


# -- signature ------------------------------------------------------------------------------------------------------
def _signature(connection: sa.Connection) -> Signature:
    weight = sa.func.crc32(alias.c.goto) if _has_crc(connection) else sa.func.length(alias.c.goto)
    sums = (sa.func.sum(alias.c.id), sa.func.sum(alias.c.id * weight))
    count, ids, weights = connection.execute(sa.select(sa.func.count(), *sums).select_from(alias)).one()
    return int(count), int(ids or 0), int(weights or 0)


def _weight(connection: sa.Connection, goto: str) -> int:
    return crc32(goto.encode()) if _has_crc(connection) else len(goto)


def _has_crc(connection: sa.Connection) -> bool:
    return connection.dialect.name != "sqlite"


def _sum(connection: sa.Connection, base: Signature, before: dict[int, str], after: dict[int, str]) -> Signature:
    parts = [base]
    for sign, rows in ((-1, before), (1, after)):
        weights = sum(key * _weight(connection, goto) for key, goto in rows.items())
        parts.append((sign * len(rows), sign * sum(rows), sign * weights))
    count, ids, weights = (sum(column) for column in zip(*parts, strict=True))
    return count, ids, weights


def _stored(connection: sa.Connection, lock: bool = False) -> Signature | None:
    query = sa.select(ops_state.c.value).where(ops_state.c.name == STATE)
    value = connection.execute(query.with_for_update() if lock else query).scalar()
    if value is None:
        return None
    count, ids, weights = json.loads(value)
    return count, ids, weights


def _claim(connection: sa.Connection) -> None:
    """Take the row of the state, making it where there is none: one writer indexes at a time."""
    if _stored(connection, lock=True) is None:
        insert = ops_state.insert().prefix_with("IGNORE", dialect="mysql").prefix_with("OR IGNORE", dialect="sqlite")
        connection.execute(insert, {"name": STATE, "value": "[-1, 0, 0]"})
        _stored(connection, lock=True)


def _store(connection: sa.Connection, signature: Signature) -> None:
    value = json.dumps(signature)
    connection.execute(ops_state.update().where(ops_state.c.name == STATE).values(value=value))
