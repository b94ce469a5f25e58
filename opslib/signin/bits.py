"""ACL bits that hold for a session (access.md 9.3)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from opslib.actor import Role
from opslib.schema import da_acl, user_acl


def names_of(table: sa.Table) -> list[str]:
    """The bits of `da_acl` or `user_acl`."""
    return [column.name for column in table.columns if column.name != "username"]


def effective(connection: sa.Connection, name: str, role: Role) -> frozenset[str]:
    """The bits that are on.  A missing row means none; an administrator has them all anyway."""
    if role == "admin":
        return frozenset({*names_of(user_acl), *names_of(da_acl)})
    if role == "domainadmin":
        own = _row(connection, da_acl, name)
        users = frozenset(names_of(user_acl)) - frozenset(names_of(da_acl))
        return frozenset(users | _on(own)) if own else frozenset()
    return _on(_row(connection, user_acl, name))


def _row(connection: sa.Connection, table: sa.Table, name: str) -> dict[str, Any]:
    row = connection.execute(sa.select(table).where(table.c.username == name)).mappings().first()
    return dict(row) if row else {}


def _on(row: dict[str, Any]) -> frozenset[str]:
    return frozenset(bit for bit, value in row.items() if bit != "username" and value == 1)
