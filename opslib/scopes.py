"""Scope as SQL: the domains and mailboxes an actor has access to (addresses.md 1.2, access.md 1.2)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from opslib.actor import Actor
from opslib.schema import alias_domain, da_acl, domain, domain_admins, mailbox, user_acl

Clause = sa.ColumnElement[bool]


def assigned(actor: Actor) -> sa.Select[Any]:
    """Domains assigned to a domain administrator, or given to the actor himself, as they are now."""
    if actor.domains is not None:
        return sa.select(domain.c.domain).where(domain.c.domain.in_(actor.domains))
    mine = domain_admins.c.username == actor.name
    return sa.select(domain_admins.c.domain).where(mine, domain_admins.c.active == 1)


def alias_domains_of(actor: Actor) -> sa.Select[Any]:
    """Alias domains whose target is assigned to the actor."""
    return sa.select(alias_domain.c.alias_domain).where(alias_domain.c.target_domain.in_(assigned(actor)))


def by_domain(actor: Actor, column: sa.ColumnElement[Any], with_alias_domains: bool = True) -> Clause | None:
    """Rows whose `column` is one of the actor's domains; None = no limit."""
    if actor.is_admin:
        return None
    if actor.role != "domainadmin":
        return sa.false()
    if not with_alias_domains:
        return column.in_(assigned(actor))
    # A derived table: MariaDB looks rows up by it through the index, which it does not for an OR of two subqueries.
    both = sa.union(assigned(actor), alias_domains_of(actor)).subquery()
    return column.in_(sa.select(both.c[0]))


def by_mailbox(actor: Actor, column: sa.ColumnElement[Any]) -> Clause | None:
    """Rows whose `column` names a mailbox the actor has access to: the own one, or those of the own domains."""
    if actor.is_admin:
        return None
    own = column == actor.name
    if actor.role != "domainadmin":
        return own
    return column.in_(sa.select(mailbox.c.username).where(mailbox.c.domain.in_(assigned(actor))))


def domains(connection: sa.Connection, actor: Actor) -> frozenset[str] | None:
    """Names of the domains and alias domains in reach; None = all."""
    if actor.is_admin:
        return None
    if actor.role != "domainadmin":
        return frozenset()
    both = sa.union(assigned(actor), alias_domains_of(actor))
    return frozenset(connection.execute(both).scalars())


def withheld(connection: sa.Connection, actor: Actor) -> frozenset[str]:
    """Bits that exist for mailbox users and domain administrators alike and are off for this one."""
    if actor.is_admin:
        return frozenset()
    shared = set(da_acl.c.keys()) & set(user_acl.c.keys()) - {"username"}
    if actor.domains is not None:
        return frozenset(shared - actor.bits)
    row = connection.execute(sa.select(da_acl).where(da_acl.c.username == actor.name)).mappings().first()
    return frozenset(bit for bit in shared if row is None or not row[bit])
