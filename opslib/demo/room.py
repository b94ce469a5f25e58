"""Whether a site may have the demo at all, and making it fit beside what is there."""

from __future__ import annotations

import sqlalchemy as sa

from opslib.demo.world import World
from opslib.errors import UserError
from opslib.schema import admin, alias, alias_domain, app_passwd, domain, mailbox, relayhosts, templates
from opslib.site import Site
from opslib.stores.database import read


def refuse(site: Site, force: bool) -> None:
    """Refuse sites that may be somebody's, and without `force` those that have content.  Raises UserError."""
    if not site.host.demo and site.host.name != "absent":
        raise UserError("demo_refused")
    with read(site.engine) as connection:
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in (domain, mailbox, alias)
        ]
    if any(counts) and not site.host.demo:
        raise UserError("demo_refused")
    if any(counts) and not force:
        raise UserError("demo_not_empty")


def taken(connection: sa.Connection) -> set[str]:
    """Names of the domains and alias domains there are."""
    both = sa.union_all(sa.select(domain.c.domain), sa.select(alias_domain.c.alias_domain))
    return set(connection.execute(both).scalars())


def fit(connection: sa.Connection, world: World) -> None:
    """Shift numbers that are taken, and leave out templates and accounts that are there."""
    _shift(connection, world)
    there = {tuple(row) for row in connection.execute(sa.select(templates.c.type, templates.c.template))}
    world.rows["templates"] = [r for r in world.rows["templates"] if (r["type"], r["template"]) not in there]
    accounts = set(connection.execute(sa.select(admin.c.username)).scalars())
    for table in ("admin", "da_acl", "domain_admins"):
        world.rows[table] = [row for row in world.rows[table] if row["username"] not in accounts]


def _shift(connection: sa.Connection, world: World) -> None:
    first_app = int(connection.scalar(sa.select(sa.func.max(app_passwd.c.id))) or 0)
    for row in world.rows["app_passwd"]:
        row["id"] += first_app
    for row in world.rows["sasl_log"]:
        row["app_password"] += first_app if row["app_password"] else 0
    first_relay = int(connection.scalar(sa.select(sa.func.max(relayhosts.c.id))) or 0)
    for row in world.rows["relayhosts"]:
        row["id"] += first_relay
    places = [(row, "relayhost") for row in world.rows["domain"]]
    places += [(row["attributes"], "relayhost") for row in world.rows["mailbox"] if row["attributes"]]
    for row, name in places:
        if row[name] != "0":
            row[name] = str(int(row[name]) + first_relay)
