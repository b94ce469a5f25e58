"""Rules that several resources share: who may hold an address, what a domain has room for, and the locks around both.

Limits and uniqueness are checked twice: when a plan is made, for the person, and inside the transaction after the
writes, against other writers (addresses.md 20.5, 20.10, 21 "Races").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from opslib import registry
from opslib.errors import Problem, UserError
from opslib.fields import MIB
from opslib.plan import Effect, Plan
from opslib.schema import alias, alias_domain, domain, mailbox, spamalias
from opslib.site import Site
from opslib.stores.database import chunks

CHUNK = 1000
MANY = 50  # from here on one flush of all cached sign-ins is less work than one for each


def domain_part(address: str) -> str:
    """What follows the last @."""
    return address.rpartition("@")[2]


# -- addresses ------------------------------------------------------------------------------------------------------
def holders(connection: sa.Connection, addresses: Collection[str]) -> dict[str, str]:
    """Which of the addresses are taken, in lower case, and by what: mailbox, resource, alias, temporary alias, or
    `mailbox of an alias domain` for user@alias_domain of an existing mailbox."""
    found: dict[str, str] = {}
    for chunk in chunks(list(addresses), CHUNK):
        for query in _holder_queries(chunk):
            for address, holder in connection.execute(query):
                found.setdefault(address.lower(), holder)
    return found


def _holder_queries(addresses: Iterable[str]) -> list[sa.Select[Any]]:
    wanted = list(addresses)
    kind = sa.case((mailbox.c.kind == "", "mailbox"), else_="resource")
    through = mailbox.c.local_part + "@" + alias_domain.c.alias_domain
    return [
        sa.select(mailbox.c.username, kind).where(mailbox.c.username.in_(wanted)),
        sa.select(alias.c.address, sa.literal("alias")).where(alias.c.address.in_(wanted)),
        sa.select(spamalias.c.address, sa.literal("temporary alias")).where(spamalias.c.address.in_(wanted)),
        sa.select(through, sa.literal("mailbox of an alias domain"))
        .select_from(mailbox.join(alias_domain, alias_domain.c.target_domain == mailbox.c.domain))
        .where(
            mailbox.c.kind == "",
            alias_domain.c.alias_domain.in_({domain_part(a) for a in wanted}),
            mailbox.c.local_part.in_({a.rpartition("@")[0] for a in wanted}),
            through.in_(wanted),
        ),
    ]


TAKEN = {
    "mailbox": "object_exists",
    "resource": "object_exists",
    "alias": "is_alias",
    "temporary alias": "is_spam_alias",
    "mailbox of an alias domain": "is_alias_or_mailbox",
}


def taken(holder: str, address: str, field: str | None = None) -> Problem:
    """The problem of an address that has a holder already."""
    return Problem(TAKEN[holder], (address,), field)


@registry.guard
def addresses_unique(connection: sa.Connection, site: Site, *addresses: str) -> None:
    """After the writes each address stands once over aliases (self rows aside), mailboxes and temporary aliases."""
    for chunk in chunks(list(addresses), CHUNK):
        parts = [
            sa.select(sa.func.lower(column).label("address")).where(column.in_(chunk), *extra)
            for column, extra in (
                (mailbox.c.username, ()),
                (alias.c.address, (alias.c.address != alias.c.goto,)),
                (spamalias.c.address, ()),
            )
        ]
        every = sa.union_all(*parts).subquery()
        twice = sa.select(every.c.address).group_by(every.c.address).having(sa.func.count() > 1)
        clash = connection.execute(twice).scalars().first()
        if clash is not None:
            raise UserError("is_alias_or_mailbox", clash)


# -- domains --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Room:
    """Limits and use of one domain.  Quotas in bytes; `aliases` counts those of its alias domains too."""

    name: str
    active: bool
    backupmx: bool
    max_aliases: int
    max_mailboxes: int
    default_quota: int
    max_quota: int
    quota: int
    aliases: int
    mailboxes: int
    allotted: int
    largest: int
    own_aliases: int

    @property
    def quota_left(self) -> int:
        """Bytes that may still be allotted; negative when over-committed."""
        return self.quota - self.allotted


def rooms(connection: sa.Connection, names: Collection[str]) -> dict[str, Room]:
    """Room of each existing domain among `names`: four grouped statements whatever the number (addresses.md 6)."""
    wanted = list(names)
    boxes = _boxes(connection, wanted)
    aliases, own = _aliases(connection, wanted, True), _aliases(connection, wanted, False)
    found = {}
    for chunk in chunks(wanted, CHUNK):
        for row in connection.execute(sa.select(domain).where(domain.c.domain.in_(chunk))).mappings():
            name = row["domain"]
            count, allotted, largest = boxes.get(name, (0, 0, 0))
            found[name] = Room(
                name=name,
                active=bool(row["active"]),
                backupmx=bool(row["backupmx"]),
                max_aliases=row["aliases"],
                max_mailboxes=row["mailboxes"],
                default_quota=row["defquota"] * MIB,
                max_quota=row["maxquota"] * MIB,
                quota=row["quota"] * MIB,
                aliases=aliases.get(name, 0),
                mailboxes=count,
                allotted=allotted,
                largest=largest,
                own_aliases=own.get(name, 0),
            )
    return found


def _boxes(connection: sa.Connection, names: list[str]) -> dict[str, tuple[int, int, int]]:
    found: dict[str, tuple[int, int, int]] = {}
    figures = (sa.func.count(), sa.func.sum(mailbox.c.quota), sa.func.max(mailbox.c.quota))
    for chunk in chunks(names, CHUNK):
        query = sa.select(mailbox.c.domain, *figures).where(mailbox.c.domain.in_(chunk), mailbox.c.kind == "")
        for name, count, allotted, largest in connection.execute(query.group_by(mailbox.c.domain)):
            found[name] = (int(count), int(allotted or 0), int(largest or 0))
    return found


def _aliases(connection: sa.Connection, names: list[str], with_alias_domains: bool) -> dict[str, int]:
    owner: sa.ColumnElement[Any] = alias.c.domain
    source: sa.FromClause = alias.outerjoin(mailbox, mailbox.c.username == alias.c.address)
    if with_alias_domains:
        source = source.outerjoin(alias_domain, alias_domain.c.alias_domain == alias.c.domain)
        owner = sa.func.coalesce(alias_domain.c.target_domain, alias.c.domain)
    found: dict[str, int] = {}
    for chunk in chunks(names, CHUNK):
        near: sa.ColumnElement[bool] = alias.c.domain.in_(chunk)
        if with_alias_domains:
            targets = sa.select(alias_domain.c.alias_domain).where(alias_domain.c.target_domain.in_(chunk))
            near = sa.or_(near, alias.c.domain.in_(targets))
        query = sa.select(owner, sa.func.count()).select_from(source).where(mailbox.c.username.is_(None), near)
        found.update({name: int(count) for name, count in connection.execute(query.group_by(owner))})
    return found


@registry.guard
def lock_domains(connection: sa.Connection, site: Site, *names: str) -> None:
    """Take the rows of the domains, so that limits are judged one writer at a time."""
    for chunk in chunks(sorted(names), CHUNK):
        query = sa.select(domain.c.domain).where(domain.c.domain.in_(chunk)).order_by(domain.c.domain)
        connection.execute(query.with_for_update()).all()


@registry.guard
def domains_exist(connection: sa.Connection, site: Site, *names: str) -> None:
    """The domains are there."""
    for chunk in chunks(list(names), CHUNK):
        found = set(connection.execute(sa.select(domain.c.domain).where(domain.c.domain.in_(chunk))).scalars())
        for name in chunk:
            if name not in found:
                raise UserError("domain_not_found", name, field="domain")


@registry.guard
def mailboxes_fit(connection: sa.Connection, site: Site, *names: str) -> None:
    """After the writes no domain has more mailboxes than it may."""
    for room in rooms(connection, names).values():
        if room.mailboxes > room.max_mailboxes:
            raise UserError("max_mailbox_exceeded", room.mailboxes - 1, room.max_mailboxes, field="domain")


@registry.guard
def quotas_fit(connection: sa.Connection, site: Site, *names: str) -> None:
    """After the writes no domain has more quota allotted than it may."""
    for room in rooms(connection, names).values():
        if room.quota_left < 0:
            raise UserError("mailbox_quota_left_exceeded", 0, field="quota")


@registry.guard
def aliases_fit(connection: sa.Connection, site: Site, *names: str) -> None:
    """After the writes no domain has more aliases than it may."""
    for room in rooms(connection, names).values():
        if room.aliases > room.max_aliases:
            raise UserError("max_alias_exceeded", field="address")


# -- SOGo -----------------------------------------------------------------------------------------------------------
def refresh_sogo(plan: Plan, site: Site, usernames: Iterable[str]) -> None:
    """Rewrite the SOGo rows of these mailboxes in the same transaction, then flush memcached (addresses.md 5)."""
    found = sorted(set(usernames))
    if site.sogo and found:
        plan.derive("sogo", *found)
        flush_sogo(plan)


def flush_sogo(plan: Plan) -> None:
    """Let SOGo see its changed user table, once per plan and after an undo as well."""
    if not any(effect.verb == "flush_memcached" for effect in plan.effects):
        again = Effect("host", "flush_memcached", {}, "Flush SOGo's memcached")
        plan.effect("host", again.verb, again.label, undo=again)


def forget_sign_ins(plan: Plan, usernames: Iterable[str]) -> None:
    """Drop what Dovecot cached of these users: passwords and quotas live five minutes longer otherwise (4.2)."""
    names = list(dict.fromkeys(usernames))
    if len(names) > MANY:
        forget_all_sign_ins(plan, f"{len(names)} mailboxes changed")
        return
    for username in names:
        again = Effect("host", "flush_auth_cache", {"user": username}, f"Forget cached sign-ins of {username}")
        plan.effects.append(replace(again, undo=again, subject=username))


def forget_all_sign_ins(plan: Plan, why: str) -> None:
    """Drop everybody's cached sign-ins."""
    again = Effect("host", "flush_auth_cache", {}, f"Forget cached sign-ins, {why}")
    plan.effects.append(replace(again, undo=again))
