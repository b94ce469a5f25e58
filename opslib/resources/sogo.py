"""Upkeep of `_sogo_static_view`, SOGo's user table: one row per active mailbox or resource (addresses.md 5, 20.13).

The rows are computed for all asked mailboxes at once, compared with those that stand, and only differences written.
Aliases come from the index of exact targets, so that `john.doe@` never receives the aliases of `johnxdoe@`.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from opslib import registry
from opslib.plan import Row
from opslib.resources import alias_targets
from opslib.schema import alias, alias_domain, mailbox, ops_alias_target, sender_acl, sogo_static_view
from opslib.site import Site
from opslib.stores.database import chunks, insert_or_update

CHUNK = 1000
MANY = 3000  # from here on whole tables are read rather than rows by name
LONGEST = {"aliases": 65535, "ad_aliases": 6144, "ext_acl": 6144}  # bytes of TEXT, characters of VARCHAR

Names = Sequence[str] | None
Lists = dict[str, list[str]]


@registry.derivation
def sogo(connection: sa.Connection, site: Site, *usernames: str) -> None:
    """Rewrite the rows of these mailboxes (none given = all) and drop rows of mailboxes that are not active."""
    alias_targets.refresh(connection)
    wanted = sorted({name.lower() for name in usernames}) if 0 < len(usernames) < MANY else None
    rows = _computed(connection, wanted)
    standing = _standing(connection, wanted)
    changed = [row for name, row in rows.items() if name in standing and standing[name] != row]
    fresh = [{**row, "c_password": unguessable()} for name, row in rows.items() if name not in standing]
    _write(connection, changed, fresh)
    _drop(connection)


def unguessable() -> str:
    """`{SSHA256}` of a random password that nobody ever sees: nobody signs in to SOGo past the console."""
    salt = secrets.token_hex(8).encode()
    return "{SSHA256}" + b64encode(sha256(secrets.token_bytes(32) + salt).digest() + salt).decode()


# -- computing ------------------------------------------------------------------------------------------------------
def _computed(connection: sa.Connection, names: Names) -> dict[str, Row]:
    """Rows as they ought to be, by user name in lower case."""
    columns = ("username", "domain", "local_part", "name", "kind", "multiple_bookings")
    query = sa.select(*(mailbox.c[name] for name in columns)).where(mailbox.c.active == 1)
    boxes = list(_some(connection, query, mailbox.c.username, names))
    aliases, external = _aliases(connection, names), _external(connection, names)
    others = _alias_domains(connection)
    found = {}
    for username, domain, local_part, name, kind, bookings in boxes:
        key = username.lower()
        found[key] = {
            "c_uid": username,
            "domain": domain,
            "c_name": username,
            "c_cn": name,
            "mail": username,
            "aliases": joined(aliases.get(key, ()), LONGEST["aliases"]),
            "ad_aliases": joined((f"{local_part}@{d}" for d in others.get(domain, ())), LONGEST["ad_aliases"]),
            "ext_acl": joined(external.get(key, ()), LONGEST["ext_acl"]),
            "kind": kind,
            "multiple_bookings": bookings,
            **dict.fromkeys(("c_l", "c_o", "c_ou", "c_telephonenumber")),
        }
    return found


def _aliases(connection: sa.Connection, names: Names) -> Lists:
    """Visible, active aliases of each mailbox, in order of address; no self rows, no catch-alls."""
    target = ops_alias_target.c.target
    query = (
        sa.select(target, alias.c.address)
        .select_from(ops_alias_target.join(alias, alias.c.id == ops_alias_target.c.alias_id))
        .where(alias.c.active == 1, alias.c.sogo_visible == 1, alias.c.address != alias.c.goto)
        .where(alias.c.address.not_like("@%"))
    )
    return _grouped(_some(connection, query, target, names))


def _external(connection: sa.Connection, names: Names) -> Lists:
    """External addresses each mailbox may send as."""
    query = sa.select(sender_acl.c.logged_in_as, sender_acl.c.send_as)
    query = query.where(sender_acl.c.external == 1, sender_acl.c.send_as.not_like("@%"))
    return _grouped(_some(connection, query, sender_acl.c.logged_in_as, names))


def _alias_domains(connection: sa.Connection) -> Lists:
    """Alias domains of each domain, active or not."""
    return _grouped(connection.execute(sa.select(alias_domain.c.target_domain, alias_domain.c.alias_domain)))


def _some(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], names: Names
) -> Iterator[Any]:
    """Rows of the query whose column is one of the names; all without names."""
    for part in [None] if names is None else chunks(names, CHUNK):
        yield from connection.execute(query if part is None else query.where(column.in_(part)))


def _grouped(pairs: Iterable[Any]) -> Lists:
    found: Lists = defaultdict(list)
    for owner, item in pairs:
        found[owner.lower()].append(item)
    return {owner: sorted(set(items)) for owner, items in found.items()}


def joined(items: Iterable[str], longest: int) -> str:
    """Items separated by blanks, as many as fit whole."""
    text = " ".join(items)
    if len(text.encode()) <= longest:
        return text
    cut = text.encode()[: longest + 1].decode(errors="ignore")
    return cut.rpartition(" ")[0]


# -- writing --------------------------------------------------------------------------------------------------------
def _standing(connection: sa.Connection, names: Names) -> dict[str, Row]:
    columns = [column for column in sogo_static_view.columns if column.name != "c_password"]
    rows = _some(connection, sa.select(*columns), sogo_static_view.c.c_uid, names)
    return {row.c_uid.lower(): dict(row._mapping) for row in rows}


def _write(connection: sa.Connection, changed: Sequence[Row], fresh: Sequence[Row]) -> None:
    """Upserts; the password of a row that stands is kept."""
    columns = [c.name for c in sogo_static_view.columns if c.name != "c_password"]
    statement = insert_or_update(sogo_static_view, connection, columns)
    for chunk in chunks([{**row, "c_password": ""} for row in changed] + list(fresh), CHUNK):
        connection.execute(statement, list(chunk))


def _drop(connection: sa.Connection) -> None:
    active = sa.select(mailbox.c.username).where(mailbox.c.username == sogo_static_view.c.c_uid, mailbox.c.active == 1)
    connection.execute(sogo_static_view.delete().where(~active.exists()))
