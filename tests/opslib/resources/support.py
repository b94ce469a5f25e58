"""What tests of resources share: a site over the `engine` fixture, actors, and rows by plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from opslib.actor import Actor
from opslib.host.base import Host
from opslib.host.demo import DemoHost
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.schema.metadata import metadata
from opslib.site import Site
from opslib.stores.database import read, write
from opslib.stores.keyvalue import EmbeddedStore

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MIB = 1 << 20
ADMIN = Actor("admin", "admin")


def fixed_clock() -> datetime:
    """The clock of every test site: it stands still."""
    return NOW


# -- sites and actors -----------------------------------------------------------------------------------------------
def make_site(engine: sa.Engine, *, clock: Callable[[], datetime] = fixed_clock, host: Host | None = None) -> Site:
    """A site on `engine` with the embedded key-value store and the made-up host."""
    keyvalue = EmbeddedStore(engine, clock)
    return Site(engine, keyvalue, host or DemoHost(keyvalue, clock), hostname="mx.example.net", clock=clock)


def make_ops(engine: sa.Engine, actor: Actor = ADMIN, **site: Any) -> Ops:
    """Ops of an actor (default: an administrator) on a fresh site object over `engine`."""
    return Ops(make_site(engine, **site), actor)


def domain_admin(engine: sa.Engine, name: str, *domains: str, bits: Iterable[str] = ()) -> Actor:
    """A domain administrator with these domains and exactly these bits; rows of the account are written."""
    add_row(engine, "admin", username=name, password="{CRYPT}*", superadmin=0, active=1)
    add_row(engine, "da_acl", username=name)
    for domain in domains:
        add_row(engine, "domain_admins", username=name, domain=domain, active=1)
    return Actor(name, "domainadmin", frozenset(bits))


def mailbox_user(name: str, *bits: str) -> Actor:
    """The owner of a mailbox with exactly these bits."""
    return Actor(name, "user", frozenset(bits))


# -- rows -----------------------------------------------------------------------------------------------------------
def add_row(engine: sa.Engine, table: str, **values: Any) -> Any:
    """Insert one row; gives its primary key's first column."""
    with write(engine) as connection:
        result = connection.execute(metadata.tables[table].insert().values(values))
    key = result.inserted_primary_key
    return key[0] if key else None


def add_domain(engine: sa.Engine, name: str, **values: Any) -> str:
    """A domain with room: 100 mailboxes, 200 aliases, quotas 1024/2048/10240 MiB."""
    given = {"description": name, "mailboxes": 100, "aliases": 200, "defquota": 1024, "maxquota": 2048, "quota": 10240}
    add_row(engine, "domain", domain=name, **{**given, **values})
    return name


def add_alias_domain(engine: sa.Engine, name: str, target: str, **values: Any) -> str:
    """An alias domain."""
    add_row(engine, "alias_domain", alias_domain=name, target_domain=target, **values)
    return name


def add_mailbox(engine: sa.Engine, username: str, *, quota: int = 100 * MIB, used: int = 0, **values: Any) -> str:
    """A mailbox with every row it needs (addresses.md 20.1); `quota` and `used` in bytes."""
    local, _, domain = username.partition("@")
    attributes = {"mailbox_format": "maildir:", "relayhost": "0", "force_pw_update": "0", "passwd_update": "0"}
    given = {"name": local, "local_part": local, "domain": domain, "kind": "", "authsource": "mailcow", "active": 1}
    given |= {"password": "{CRYPT}*", "quota": quota, "attributes": attributes, "custom_attributes": {}}
    given |= {"multiple_bookings": -1} | values
    add_row(engine, "mailbox", username=username, **given)
    for table in ("quota2", "quota2replica"):
        add_row(engine, table, username=username, bytes=used, messages=used // 1000)
    add_row(engine, "alias", address=username, goto=username, domain=domain, active=given["active"])
    add_row(engine, "user_acl", username=username)
    return username


def add_resource(engine: sa.Engine, username: str, kind: str = "location") -> str:
    """A bookable resource: a mailbox row of a kind, nothing else."""
    local, _, domain = username.partition("@")
    values = {"name": local, "local_part": local, "domain": domain, "kind": kind, "password": "RESOURCE", "quota": 0}
    add_row(engine, "mailbox", username=username, custom_attributes={}, multiple_bookings=-1, active=1, **values)
    return username


def add_alias(engine: sa.Engine, address: str, *goto: str, **values: Any) -> int:
    """An alias; gives its id."""
    given = {"address": address, "goto": ",".join(goto), "domain": address.rpartition("@")[2], "active": 1}
    return int(add_row(engine, "alias", **{**given, **values}))


# -- looking --------------------------------------------------------------------------------------------------------
def rows(engine: sa.Engine, table: str, **where: Any) -> list[dict[str, Any]]:
    """Rows of a table that have these values, in order of the primary key."""
    found = metadata.tables[table]
    query = sa.select(found).where(*(found.c[name] == value for name, value in where.items()))
    with read(engine) as connection:
        return [dict(row) for row in connection.execute(query.order_by(*(found.primary_key or found.c))).mappings()]


def snapshot(engine: sa.Engine, ignore: Iterable[str] = ("modified",)) -> dict[str, list[dict[str, Any]]]:
    """Rows of all tables but mailops' own, less the columns in `ignore`: same before a change and after its undo."""
    left_out = set(ignore)
    return {
        name: sorted(
            ({key: value for key, value in row.items() if key not in left_out} for row in rows(engine, name)), key=str
        )
        for name in metadata.tables
        if not name.startswith("ops_")
    }


def hashes(ops: Ops, *keys: str) -> dict[str, dict[str, str]]:
    """All fields of these hashes of the key-value store."""
    return {key: ops.site.keyvalue.hgetall(key) for key in keys}


def keys_of(plan: Plan) -> set[str]:
    """Message keys of what a plan refuses."""
    return {outcome.key for outcome in plan.refused}
