"""Locks on what has no row yet: one writer at a time for a name, until the end of its transaction.

SQLite has one writer anyway.  On MariaDB two transactions that each insert do not see each other's rows; a guard that
claims first and looks then sees what the other one committed.
"""

from __future__ import annotations

import sqlalchemy as sa

from opslib.schema import ops_state


def claim(connection: sa.Connection, name: str) -> None:
    """Wait until no other transaction holds the claim, then hold it."""
    mine = sa.select(ops_state.c.name).where(ops_state.c.name == name).with_for_update()
    if connection.scalar(mine) is None:
        insert = ops_state.insert().prefix_with("IGNORE", dialect="mysql").prefix_with("OR IGNORE", dialect="sqlite")
        connection.execute(insert, {"name": name, "value": ""})
        connection.scalar(mine)
