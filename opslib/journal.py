"""The journal: who did what, the before and after image of every row, and the way back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from opslib import images, outbox, writes
from opslib.actor import Actor
from opslib.errors import Denied, Problem, UserError
from opslib.plan import Derive, Effect, Guard, Plan, Row, RowWrite
from opslib.schema.console import ops_change, ops_change_row
from opslib.site import Site
from opslib.stores.database import chunks, read

CHUNK = 1000


def record(connection: sa.Connection, site: Site, actor: Actor, plan: Plan) -> int:
    """Write the journal entry of a plan inside its transaction; gives its id."""
    values = {
        "at": site.now(),
        "actor": actor.name,
        "role": actor.role,
        "via": actor.via,
        "resource": plan.resource,
        "verb": plan.verb,
        "label": plan.label[:255],
        "count": plan.count,
        "note": plan.note or None,
        "domains": json.dumps(sorted(plan.domains)),
        "derived": json.dumps([asdict(step) for step in plan.derived]),
        "guards": json.dumps([asdict(guard) for guard in plan.undo_guards]),
        "final": json.dumps(plan.final),
        "undoes": plan.undoes,
    }
    change_id = int((connection.execute(ops_change.insert().values(values)).inserted_primary_key or (0,))[0])
    rows = [w for w in plan.writes if isinstance(w, RowWrite)]
    for chunk in chunks(list(enumerate(rows)), CHUNK):
        connection.execute(ops_change_row.insert(), [_row(change_id, seq, write) for seq, write in chunk])
    if plan.undoes is not None:
        _mark_undone(connection, plan.undoes, change_id)
    return change_id


def _row(change_id: int, seq: int, write: RowWrite) -> Row:
    return {
        "change_id": change_id,
        "seq": seq,
        "subject": write.subject,
        "tbl": write.table,
        "row_key": images.encode("", write.key),
        "before_image": images.encode(write.table, write.before),
        "after_image": images.encode(write.table, write.after),
    }


def _mark_undone(connection: sa.Connection, change_id: int, by: int) -> None:
    open_change = sa.and_(ops_change.c.id == change_id, ops_change.c.undone_by.is_(None))
    if not connection.execute(ops_change.update().where(open_change).values(undone_by=by)).rowcount:
        raise UserError("already_undone")


def entry(site: Site, change_id: int) -> sa.RowMapping:
    """The journal entry."""
    with read(site.engine) as connection:
        row = connection.execute(sa.select(ops_change).where(ops_change.c.id == change_id)).mappings().first()
    if row is None:
        raise UserError("not_found", f"Change {change_id}")
    return row


def rows(site: Site, change_id: int, most: int | None = None) -> list[RowWrite]:
    """Row writes of a change in the order they were done; secrets hidden."""
    query = sa.select(ops_change_row).where(ops_change_row.c.change_id == change_id).order_by(ops_change_row.c.seq)
    with read(site.engine) as connection:
        found = connection.execute(query.limit(most) if most else query).mappings().all()
    return [
        RowWrite(
            row["tbl"],
            images.decode(row["row_key"]) or {},
            images.decode(row["before_image"]),
            images.decode(row["after_image"]),
            row["subject"],
        )
        for row in found
    ]


# -- undo -----------------------------------------------------------------------------------------------------------
def undo(site: Site, actor: Actor, change_id: int, domains: frozenset[str] | None = None) -> Plan:
    """Plan that takes a change back; items whose rows moved on since are refused one by one.

    `domains` are the actor's domains (None = all): a change outside them, or of another person, is not his to undo.
    """
    change = entry(site, change_id)
    touched = set(json.loads(change["domains"]))
    if domains is not None and (change["actor"] != actor.name or not touched <= domains):
        raise Denied()
    if change["undone_by"] is not None:
        raise UserError("already_undone")
    plan = Plan(change["resource"], "undo", f"Undo: {change['label']}", undoes=change_id, domains=touched)
    done = rows(site, change_id)
    moved = _moved_on(site, done)
    for subject in dict.fromkeys(write.subject for write in done):
        if subject in moved:
            plan.refuse(subject, Problem("row_moved_on", (subject,)))
        else:
            plan.succeed("object_modified", subject, subject=subject)
    _take_back(plan, [write for write in reversed(done) if write.subject not in moved])
    plan.derived = [Derive(step["name"], _tuples(step["args"])) for step in json.loads(change["derived"])]
    plan.guards = [Guard(guard["name"], _tuples(guard["args"])) for guard in json.loads(change["guards"])]
    for label in json.loads(change["final"]):
        plan.warn("effect_not_undone", label)
    for back in outbox.undo_effects(site, change_id, moved):
        if isinstance(back, Effect):
            plan.effects.append(back)
        else:
            plan.warn("effect_not_undone", back)
    return plan


def _tuples(given: Any) -> Any:
    return tuple(_tuples(item) for item in given) if isinstance(given, list) else given


def _take_back(plan: Plan, done: Iterable[RowWrite]) -> None:
    for write in done:
        back = write.reversed
        before, after = _plain(back.before), _plain(back.after)
        if back.before is None and back.after is not None and images.HIDDEN in back.after.values():
            secrets = {name: images.LOCKED for name, value in back.after.items() if value == images.HIDDEN}
            after = {**(after or {}), **secrets}
            plan.warn("secret_not_restored", write.subject)
        elif images.HIDDEN in (back.after or {}).values():
            plan.warn("secret_not_restored", write.subject)
        if before is None or after is None or after:
            plan.writes.append(RowWrite(write.table, back.key, before, after, write.subject))
        for name in _shown(before, after):
            plan.change(write.subject, name, (before or {}).get(name), (after or {}).get(name))


def _plain(image: Row | None) -> Row | None:
    return None if image is None else {name: value for name, value in image.items() if value != images.HIDDEN}


def _shown(before: Row | None, after: Row | None) -> list[str]:
    return [] if before is None or after is None else list(after)


def _moved_on(site: Site, done: list[RowWrite]) -> set[str]:
    """Subjects that have a row which no longer stands as the change left it."""
    expected: dict[tuple[str, writes.KeyId], tuple[RowWrite, Row | None]] = {}
    for write in done:
        expected[_place(write.table, write.key)] = (write, None)
        expected[_place(write.table, write.key_after)] = (write, _plain(write.after))
    by_table: dict[str, list[RowWrite]] = defaultdict(list)
    for write in done:
        by_table[write.table].append(write)
    with read(site.engine) as connection:
        now = {table: _standing(connection, table, group) for table, group in by_table.items()}
    moved = set()
    for (table, place), (write, image) in expected.items():
        ignored = {"modified"} if write.before is None else set()
        if not writes.matches(now[table].get(place), image, ignored):
            moved.add(write.subject)
    return moved


def _standing(connection: sa.Connection, table: str, done: list[RowWrite]) -> dict[writes.KeyId, Row]:
    keys = [key for write in done for key in (write.key, write.key_after)]
    return writes.current(connection, table, keys, [write.after for write in done])


def _place(table: str, key: Row) -> tuple[str, writes.KeyId]:
    return table, writes.key_id(key, key)
