"""What a site needs before it can be served: tables, made-up data for the embedded one, a first administrator."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from opslib import passwords, signin
from opslib.demo import load
from opslib.schema import admin, domain
from opslib.schema.console import ops_change
from opslib.schema.create import initialise
from opslib.settings import Settings
from opslib.signin.change import policy
from opslib.site import Site
from opslib.stores.database import read

FIRST_ADMIN = "admin"
Say = Callable[[str], None]


def prepare(site: Site, settings: Settings, say: Say) -> None:
    """Create what is missing; on a site that is ready, nothing happens.  `say` shows words to the operator.

    Raises
    ------
    ServerError
        When the database is somebody else's (`schema_foreign`) or cannot be reached.
    """
    initialise(site.engine)
    if not settings.embedded:
        return
    if not _any(site, admin, admin.c.superadmin == 1):
        _first_admin(site, say)
    if settings.host_kind == "demo" and not _any(site, domain) and not _any(site, ops_change):
        say("Filling the demo site with made-up data ...")
        say(load(site, size="small").sentence())


def _any(site: Site, table: sa.Table, *where: sa.ColumnElement[bool]) -> bool:
    with read(site.engine) as connection:
        found = connection.execute(sa.select(sa.literal(1)).select_from(table).where(*where).limit(1))
        return found.first() is not None


def _first_admin(site: Site, say: Say) -> None:
    password = passwords.generate(policy(site))
    signin.create_admin(site, FIRST_ADMIN, password)
    say(f"Administrator {FIRST_ADMIN} was made. Password, shown only this once: {password}")
