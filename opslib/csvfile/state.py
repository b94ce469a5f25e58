"""How far imports have come: one row of `ops_import` each, moved on in the very transaction that writes the rows.

So an import that was cut off goes on where it stopped, and two processes cannot carry out the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from opslib import registry
from opslib.actor import Actor
from opslib.errors import UserError
from opslib.schema.console import ops_import
from opslib.site import Site
from opslib.stores.database import read, write

State = Literal["running", "done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Begun:
    """An import that was begun: its id, and how many rows from the top are settled."""

    id: int
    done: int


def unfinished(site: Site, actor: Actor, digest: str) -> Begun | None:
    """The actor's newest import of the same file, read the same way, that did not come to its end."""
    mine = (ops_import.c.digest == digest, ops_import.c.actor == actor.name)
    query = sa.select(ops_import.c.id, ops_import.c.done, ops_import.c.state).where(*mine)
    with read(site.engine) as connection:
        row = connection.execute(query.order_by(ops_import.c.id.desc()).limit(1)).first()
    return Begun(row.id, row.done) if row is not None and row.state != "done" else None


def begin(site: Site, actor: Actor, resource: str, file: str, digest: str, total: int) -> Begun:
    """Write down that an import begins."""
    row = {"at": site.now(), "actor": actor.name, "resource": resource, "file": _fitting(file), "digest": digest}
    with write(site.engine) as connection:
        result = connection.execute(ops_import.insert(), {**row, "total": total, "done": 0, "state": "running"})
    key = result.inserted_primary_key
    return Begun(int(key[0]) if key else 0, 0)


def _fitting(file: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in file)[:255]


def close(site: Site, number: int, state: State) -> None:
    """Write down how an import ended."""
    with write(site.engine) as connection:
        connection.execute(ops_import.update().where(ops_import.c.id == number).values(state=state))


def advance(site: Site, number: int, before: int, after: int) -> None:
    """Move on where nothing had to be written."""
    with write(site.engine) as connection:
        import_moves(connection, site, number, before, after)


@registry.guard
def import_moves(connection: sa.Connection, site: Site, number: int, before: int, after: int) -> None:
    """The import stands where this process left it, and moves on."""
    mine = sa.and_(ops_import.c.id == number, ops_import.c.done == before)
    moved = connection.execute(ops_import.update().where(mine).values(done=after, state="running"))
    if moved.rowcount != 1:
        raise UserError("csv_moved", number)
