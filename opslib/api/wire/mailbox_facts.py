"""What a mailbox object shows beside the fields of the resource, each thing read once for all rows (addresses.md 9.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from opslib.fields import RateLimit
from opslib.plan import Row
from opslib.resource import Resource
from opslib.resources import rate_limits
from opslib.resources.mailboxes.columns import last_login
from opslib.resources.rules import CHUNK, rooms
from opslib.schema import mailbox, pushover, sender_acl, spamalias
from opslib.site import Site
from opslib.stores.database import read

_pushes = (
    sa.select(pushover.c.active).where(pushover.c.username == mailbox.c.username).correlate(mailbox).scalar_subquery()
)
LOGINS = {f"last_{service}_login": last_login(service) for service in ("imap", "smtp", "pop3")}
ALSO: dict[str, sa.ColumnElement[Any]] = {
    "attributes": mailbox.c.attributes,
    "custom_attributes": mailbox.c.custom_attributes,
    "last_sso_login": last_login("SSO"),
    **LOGINS,
    "pushover_active": _pushes,
}
"""SQL beside that of the fields; the fields of these names are not read."""

COMPLETED = ("max_new_quota", "spam_aliases", "rl", "rl_scope", "may_send_as")


def complete(resource: Resource, rows: list[Row]) -> None:
    """Put everything into the rows that is not in the table itself."""
    sign_ins(resource, rows)
    if not rows:
        return
    names = [row["username"] for row in rows]
    with read(resource.site.engine) as connection:
        room = rooms(connection, {row["domain"] for row in rows})
        temporary = _temporary(connection, resource.site, names)
        senders = _senders(connection, names)
    limits = _limits(resource.site, [*names, *room])
    for row in rows:
        name, home = row["username"], room[row["domain"]]
        row["max_new_quota"] = min(home.quota - home.allotted + int(row["quota"] or 0), home.max_quota)
        row["spam_aliases"] = temporary.get(name.lower(), 0)
        row["may_send_as"] = senders.get(name.lower(), [])
        row["rl_scope"] = "mailbox" if limits[name] else "domain"
        row["rl"] = limits[name] or limits[row["domain"]]


def sign_ins(resource: Resource, rows: list[Row]) -> None:
    """Moments of sign-ins as Unix seconds."""
    zone = resource.site.zone
    for row in rows:
        for name in (*LOGINS, "last_sso_login"):
            row[name] = _seconds(row[name], zone)


def _seconds(stored: Any, zone: Any) -> int:
    if stored is None:
        return 0
    moment = stored if isinstance(stored, datetime) else datetime.fromisoformat(str(stored))
    return int(moment.replace(tzinfo=zone).timestamp())


def _one_of(column: sa.ColumnElement[Any], names: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    """A clause for few names, none for many: one statement either way."""
    return [column.in_(names)] if len(names) <= CHUNK else []


def _temporary(connection: sa.Connection, site: Site, names: Sequence[str]) -> dict[str, int]:
    now = int(site.clock().timestamp())
    valid = sa.or_(spamalias.c.permanent == 1, spamalias.c.validity >= now)
    counted = sa.select(sa.func.lower(spamalias.c.goto), sa.func.count()).where(
        valid, *_one_of(spamalias.c.goto, names)
    )
    return {goto: int(count) for goto, count in connection.execute(counted.group_by(sa.func.lower(spamalias.c.goto)))}


def _senders(connection: sa.Connection, names: Sequence[str]) -> Mapping[str, list[str]]:
    mine = (sender_acl.c.external == 0, *_one_of(sender_acl.c.logged_in_as, names))
    found: dict[str, list[str]] = defaultdict(list)
    query = sa.select(sender_acl.c.logged_in_as, sender_acl.c.send_as).where(*mine).order_by(sender_acl.c.id)
    for owner, address in connection.execute(query):
        found[owner.lower()].append(address)
    return found


def _limits(site: Site, names: Sequence[str]) -> dict[str, str]:
    if len(names) > CHUNK:
        stored = site.keyvalue.hgetall(rate_limits.KEY)
        return {name: RateLimit.unwire(stored.get(name)) for name in names}
    found = site.keyvalue.hmget(rate_limits.KEY, list(names))
    return {name: RateLimit.unwire(value) for name, value in zip(names, found, strict=True)}
