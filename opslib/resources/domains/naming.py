"""What names of domains stand for, and guards around it: one name, one thing; targets and transports exist
(addresses.md 7.2, 8, 20.8, 20.9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import sqlalchemy as sa

from opslib import registry
from opslib.errors import UserError
from opslib.resources.claims import claim
from opslib.resources.rules import CHUNK
from opslib.schema import alias, alias_domain, domain, mailbox, relayhosts
from opslib.site import Site
from opslib.stores.database import chunks


def taken(connection: sa.Connection, names: Collection[str]) -> set[str]:
    """Which of the names are domains or alias domains, in lower case."""
    found: set[str] = set()
    for chunk in chunks(sorted(names), CHUNK):
        for column in (domain.c.domain, alias_domain.c.alias_domain):
            found |= {name.lower() for name in connection.scalars(sa.select(column).where(column.in_(chunk)))}
    return found


def relays(connection: sa.Connection, names: Collection[str]) -> dict[str, bool]:
    """Whether each existing domain is a relay domain; names that are none are missing."""
    found: dict[str, bool] = {}
    for chunk in chunks(sorted(names), CHUNK):
        query = sa.select(domain.c.domain, domain.c.backupmx).where(domain.c.domain.in_(chunk))
        found.update({name.lower(): bool(relay) for name, relay in connection.execute(query)})
    return found


@registry.guard
def domain_names_unique(connection: sa.Connection, site: Site, *names: str) -> None:
    """After the writes no name is a domain and an alias domain at once."""
    claim(connection, "domain_names")
    counted: Counter[str] = Counter()
    for chunk in chunks(sorted(names), CHUNK):
        for column in (domain.c.domain, alias_domain.c.alias_domain):
            counted.update(name.lower() for name in connection.scalars(sa.select(column).where(column.in_(chunk))))
    for name, count in counted.items():
        if count > 1:
            raise UserError("domain_exists", name, field="domain")


@registry.guard
def alias_domains_sound(connection: sa.Connection, site: Site, *targets: str) -> None:
    """After the writes the targets of alias domains among `targets` are domains that do not relay."""
    used: set[str] = set()
    for chunk in chunks(sorted(targets), CHUNK):
        query = sa.select(alias_domain.c.target_domain).where(alias_domain.c.target_domain.in_(chunk)).distinct()
        used |= {name.lower() for name in connection.scalars(query)}
    found = relays(connection, used)
    for name in sorted(used):
        if found.get(name, True):
            key = "targetd_relay_domain" if name in found else "targetd_not_found"
            raise UserError(key, name, field="target_domain")


@registry.guard
def domains_unused(connection: sa.Connection, site: Site, *names: str) -> None:
    """Nothing lives in the names: no mailbox, no alias, no alias domain; else their domain cannot be taken back."""
    for chunk in chunks(sorted(names), CHUNK):
        for column in (mailbox.c.domain, alias.c.domain, alias_domain.c.target_domain):
            name = connection.scalar(sa.select(column).where(column.in_(chunk)).limit(1))
            if name is not None:
                raise UserError("domain_not_empty", name)


@registry.guard
def relayhosts_exist(connection: sa.Connection, site: Site, *names: str) -> None:
    """After the writes the sender-dependent transports of the domains exist."""
    known = {str(key) for key in connection.scalars(sa.select(relayhosts.c.id))} | {"0", ""}
    for chunk in chunks(sorted(names), CHUNK):
        for used in connection.scalars(sa.select(domain.c.relayhost).where(domain.c.domain.in_(chunk)).distinct()):
            if str(used) not in known:
                raise UserError("relayhost_invalid", used, field="relayhost")
