"""Put the demo into a site: multi-row statements in one transaction, then the key-value store and the made-up host.

Nobody's mail server ever gets it: a real host refuses, and without a host the database must be empty.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

import sqlalchemy as sa

from opslib import registry
from opslib.demo import room, shared
from opslib.demo.generate import generate
from opslib.demo.world import SIZES, Row, World
from opslib.errors import UserError
from opslib.host.demo import DemoHost
from opslib.resources import alias_targets, sogo
from opslib.schema import (
    alias,
    mailbox,
    quota2,
    quota2replica,
    user_acl,
)
from opslib.schema.addresses import USER_BITS
from opslib.schema.metadata import metadata
from opslib.site import Site
from opslib.stores.database import chunks, write

CHUNK = 2000
FIRST = ("relayhosts", "domain", "mailbox")  # what others refer to


@dataclass(frozen=True, slots=True)
class Report:
    """What was loaded: rows by table, fields by key-value hash, seconds it took."""

    size: str
    rows: dict[str, int]
    fields: dict[str, int]
    seconds: float = field(compare=False)

    def sentence(self) -> str:
        """The report in words."""
        total = f"{self.rows['domain']} domains, {self.rows['quota2']} mailboxes, {self.rows['alias']} aliases"
        return f"{total} ({sum(self.rows.values())} rows) in {self.seconds:.1f} s."


def load(site: Site, size: str = "tiny", seed: int = 1, force: bool = False) -> Report:
    """Fill a site with made-up content of size `tiny`, `small` or `large`; the same seed gives the same content.

    `force` adds to a made-up site that has domains already.  Passwords are hashes of random text nobody knows.

    Raises
    ------
    UserError
        `demo_refused` where the site may be somebody's, `demo_not_empty` without `force`, `value_not_choice` for
        another size.
    """
    started = time.perf_counter()
    if size not in SIZES:
        raise UserError("value_not_choice", size, ", ".join(SIZES), field="size")
    room.refuse(site, force)
    hashes, keys = shared.password_hashes(), shared.dkim_keys()
    with write(site.engine) as connection:
        taken = room.taken(connection)
        world = generate(size, seed, site.wall(), int(site.clock().timestamp()), hashes, keys, taken)
        room.fit(connection, world)
        for table in sorted(world.rows, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)):
            _insert(connection, metadata.tables[table], world.rows[table])
        _follow(connection, world)
        registry.derive(alias_targets.alias_targets.__name__, connection, site)
        if site.sogo:
            registry.derive(sogo.sogo.__name__, connection, site)
    for key, made in world.hashes.items():
        site.keyvalue.hset(key, made)
    _maildirs(site, world)
    rows = {table: len(found) for table, found in world.rows.items()}
    fields = {key: len(found) for key, found in world.hashes.items()}
    return Report(size, rows, fields, time.perf_counter() - started)


def _insert(connection: sa.Connection, table: sa.Table, rows: list[Row]) -> None:
    """Rows of one table, those with the same columns together."""
    shapes: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        shapes[tuple(row)].append(row)
    for alike in shapes.values():
        for chunk in chunks(alike, CHUNK):
            connection.execute(table.insert(), list(chunk))


def _follow(connection: sa.Connection, world: World) -> None:
    """Rows that every mailbox has and that follow from it (addresses.md 20.1)."""
    for chunk in chunks([place.name for place in world.places], CHUNK):
        mine = (mailbox.c.domain.in_(chunk), mailbox.c.kind == "")
        m = mailbox.c
        self_rows = sa.select(m.username, m.username, m.domain, m.active, m.created).where(*mine)
        names = ["address", "goto", "domain", "active", "created"]
        connection.execute(alias.insert().from_select(names, self_rows))
        bits = {bit: int(default and bit != "pw_reset") for bit, default in USER_BITS.items()}
        rights = sa.select(m.username, *(sa.literal(value) for value in bits.values())).where(*mine)
        connection.execute(user_acl.insert().from_select(["username", *bits], rights))
        copies = sa.select(quota2.c.username, quota2.c.bytes, quota2.c.messages)
        copies = copies.join(mailbox, m.username == quota2.c.username).where(*mine)
        connection.execute(quota2replica.insert().from_select(["username", "bytes", "messages"], copies))


def _maildirs(site: Site, world: World) -> None:
    if isinstance(site.host, DemoHost):
        used = {row["username"]: row["bytes"] for row in world.rows["quota2"]}
        boxes = [row for row in world.rows["mailbox"] if row["username"] in used]
        site.host.make_maildirs({f"{r['domain']}/{r['local_part']}": used[r["username"]] for r in boxes})
