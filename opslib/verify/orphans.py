"""Rows that speak of a mailbox or domain that is gone: they would apply to the next one of that name."""

from __future__ import annotations

import sqlalchemy as sa

from opslib import schema
from opslib.verify.invariant import Broken, Check, add, invariant
from opslib.verify.snapshot import Snapshot

OWNED = (
    (schema.user_acl, "username"),
    (schema.quota2, "username"),
    (schema.quota2replica, "username"),
    (schema.tags_mailbox, "username"),
    (schema.app_passwd, "mailbox"),
    (schema.pushover, "username"),
    (schema.sender_acl, "logged_in_as"),
    (schema.spamalias, "goto"),
    (schema.tags_domain, "domain"),
    (schema.domain_wide_footer, "domain"),
    (schema.mta_sts, "domain"),
    (schema.domain_admins, "domain"),
)
"""Tables and the column that names a mailbox, or with the name `domain` a domain."""


def _orphans(table: sa.Table, column: str) -> Check:
    owner = schema.domain.c.domain if column == "domain" else schema.mailbox.c.username

    def orphans(snapshot: Snapshot) -> Broken:
        named = table.c[column]
        # MariaDB has no index for a TEXT column; a set is faster there than a join.
        query = sa.select(named).distinct()
        known = snapshot.domain_names if column == "domain" else snapshot.usernames
        if named.type.python_type is str and isinstance(named.type, sa.Text):
            return ((n, _sentence(table, n)) for (n,) in snapshot.rows(query) if n.lower() not in known)
        lonely = query.outerjoin(owner.table, owner == named).where(owner.is_(None))
        return ((name, _sentence(table, name)) for (name,) in snapshot.rows(lonely))

    return orphans


def _sentence(table: sa.Table, name: str) -> str:
    return f"{table.name} has rows of {name}, which does not exist."


for _table, _column in OWNED:
    _what = "domain" if _column == "domain" else "mailbox"
    add(
        f"orphan_{_table.name}", 0, _table.name, "Delete the rows.",
        f"Rows of {_table.name} belong to a {_what} that exists.", _orphans(_table, _column), "warning",
    )  # fmt: skip


@invariant(0, "filterconf", "Delete the rows.", "warning")
def orphan_filterconf(snapshot: Snapshot) -> Broken:
    """Rows of filterconf belong to a mailbox or domain that exists."""
    known = snapshot.usernames | snapshot.domain_names
    for name in sorted({row.object for row in snapshot.filters if row.object.lower() not in known}):
        yield name, f"filterconf has rows of {name}, which does not exist."
