"""Accounts that can sign in, read from the contract's tables (access.md 2, 5.2)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from opslib import names
from opslib.actor import Role
from opslib.schema import admin, domain, mailbox, tfa

PENDING_PASSWORD = "password"
DEFAULT_PASSWORD = "moohoo"

_LONGEST = 255
_LEGACY = ("u2f",)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose password was right.  `pending` is what must be done before anything else: "" or "password"."""

    name: str
    role: Role
    pending: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One account with its stored password."""

    name: str
    role: Role
    stored: str = field(repr=False)
    active: bool
    attributes: Mapping[str, Any]

    def flag(self, name: str) -> bool:
        """Whether a "0"/"1" attribute is on."""
        return str(self.attributes.get(name, "0")) == "1"


def normalised(username: str) -> str | None:
    """The name as it is stored, or None when it cannot be one (access.md 1.1)."""
    name = username.strip().lower()
    if not name or len(name) > _LONGEST:
        return None
    bare = name.replace("_", "").replace(".", "").replace("-", "")
    if bare.isascii() and bare.isalnum():
        return name
    try:
        return names.address(name)
    except ValueError:
        return None


def find(connection: sa.Connection, name: str, roles: Collection[str]) -> Iterator[Account]:
    """Accounts of that name in the order they are tried: administrator, domain administrator, mailbox.

    Both tables are always read: how long it takes says nothing about what there is.
    """
    row = connection.execute(sa.select(admin).where(admin.c.username == name)).mappings().first()
    box = connection.execute(_mailboxes().where(mailbox.c.username == name)).mappings().first()
    if row is not None:
        role: Role = "admin" if row["superadmin"] else "domainadmin"
        if role in roles:
            yield Account(row["username"], role, row["password"], row["active"] == 1, attributes(row["attributes"]))
    if box is not None and "user" in roles:
        active = box["active"] == 1 and box["domain_active"] == 1
        yield Account(box["username"], "user", box["password"], active, attributes(box["attributes"]))


def _mailboxes() -> sa.Select[Any]:
    """Mailboxes of people that sign in with a local password."""
    columns = (mailbox.c.username, mailbox.c.password, mailbox.c.active, mailbox.c.attributes)
    query = sa.select(*columns, domain.c.active.label("domain_active"))
    return query.join_from(mailbox, domain, domain.c.domain == mailbox.c.domain).where(
        mailbox.c.authsource == "mailcow", mailbox.c.kind.not_in(["location", "thing", "group"])
    )


def attributes(stored: Any) -> Mapping[str, Any]:
    """The JSON column as a mapping, whatever stands in it."""
    found = json.loads(stored) if isinstance(stored, str) and stored else stored
    return found if isinstance(found, Mapping) else {}


def factors(connection: sa.Connection, name: str) -> list[bool]:
    """`active` of every second factor of an account.  Legacy U2F rows prove nothing and count as absent (6.5)."""
    mine = sa.and_(tfa.c.username == name, sa.or_(tfa.c.authmech.is_(None), tfa.c.authmech.not_in(_LEGACY)))
    return [bool(active) for active in connection.execute(sa.select(tfa.c.active).where(mine)).scalars()]
