"""Who acts in this page, asked again before every write and every few seconds."""

from __future__ import annotations

from typing import Any

import panel as pn
import sqlalchemy as sa

from dashboards.security import PAGE_HEADER, unsealed
from opslib import signin
from opslib.commit import Result
from opslib.errors import UserError
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.schema.console import ops_view
from opslib.site import Site
from opslib.stores.database import insert_or_update, read, write


class SessionOps(Ops):
    """Ops of a session: when the session ends, or the account loses a right, so does this."""

    def __init__(self, site: Site, session: signin.Session) -> None:
        super().__init__(site, session.actor)
        self.digest = session.digest

    def check(self, touch: bool = False) -> bool:
        """Read the session and the account's rights anew; False when it is over.  `touch` counts as use.

        Raises
        ------
        ServerError
            When the database cannot be reached.
        """
        found = signin.by_digest(self.site, self.digest, touch=touch)
        if found is None or found.pending or found.actor.name != self.actor.name:
            return False
        self.actor = found.actor
        return True

    def commit(self, plan: Plan, partial: bool = False, note: str = "") -> Result:
        """As `Ops.commit`, for a session that is still good.

        Raises
        ------
        UserError
            `session_over` when it is not; nothing was written.
        """
        if not self.check(touch=True):
            raise UserError("session_over")
        return super().commit(plan, partial, note)


def current(site: Site) -> SessionOps | None:
    """Ops of the page that is being made; None when it was asked for without a session."""
    header = (pn.state.headers or {}).get(PAGE_HEADER, "") if pn.state.curdoc else ""
    digest = unsealed(header)
    found = signin.by_digest(site, digest) if digest else None
    return SessionOps(site, found) if found and not found.pending else None


# -- remembered per account --------------------------------------------------------------------------------------------
def remembered(site: Site, username: str, name: str) -> str | None:
    """What was remembered for an account under a name."""
    mine = sa.and_(ops_view.c.username == username, ops_view.c.name == name)
    with read(site.engine) as connection:
        found: str | None = connection.scalar(sa.select(ops_view.c.value).where(mine))
    return found


def remember(site: Site, username: str, name: str, value: str) -> None:
    """Remember a text for an account."""
    row: dict[str, Any] = {"username": username, "name": name, "value": value}
    with write(site.engine) as connection:
        connection.execute(insert_or_update(ops_view, connection), row)
