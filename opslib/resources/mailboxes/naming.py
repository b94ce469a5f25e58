"""Names of mailboxes: what may be one, and which addresses it takes (addresses.md 9.2, 9.5, 20.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from opslib import names, registry
from opslib.errors import Problem, UserError
from opslib.resources.rules import CHUNK, domain_part, holders, taken
from opslib.schema import alias, alias_domain, mailbox, spamalias
from opslib.site import Site
from opslib.stores.database import chunks


def address(local_part: str, domain: str) -> str:
    """Address of a mailbox, in lower case.

    Raises
    ------
    names.Invalid
        `local_part_invalid` with the offending characters, or `value_invalid`.
    """
    return names.address(f"{names.mailbox_local_part(local_part)}@{domain}")


def occupied(connection: sa.Connection, usernames: Collection[str]) -> dict[str, Problem]:
    """Why each of the names cannot be a new mailbox: it is taken, or something else stands where the mailbox would be
    reached through an alias domain, and would take that mail."""
    through = _through(connection, usernames)
    held = holders(connection, [*usernames, *through])
    found = {name: taken(held[name], name, "local_part") for name in usernames if name in held}
    for other, name in through.items():
        if other in held:
            found.setdefault(name, taken(held[other], other, "local_part"))
    return found


def _through(connection: sa.Connection, usernames: Collection[str]) -> dict[str, str]:
    """{user@alias_domain: user@domain} for every alias domain of the names' domains."""
    others: dict[str, list[str]] = defaultdict(list)
    for chunk in chunks(sorted({domain_part(name) for name in usernames}), CHUNK):
        query = sa.select(alias_domain.c.target_domain, alias_domain.c.alias_domain)
        for target, other in connection.execute(query.where(alias_domain.c.target_domain.in_(chunk))):
            others[target.lower()].append(other.lower())
    return {f"{name.rpartition('@')[0]}@{other}": name for name in usernames for other in others[domain_part(name)]}


@registry.guard
def mailboxes_unshadowed(connection: sa.Connection, site: Site, *usernames: str) -> None:
    """After the writes no alias or temporary alias stands at user@alias_domain of these mailboxes."""
    through: sa.ColumnElement[Any] = mailbox.c.local_part + "@" + alias_domain.c.alias_domain
    reached = mailbox.join(alias_domain, alias_domain.c.target_domain == mailbox.c.domain)
    for table in (alias, spamalias):
        query = sa.select(table.c.address).select_from(reached.join(table, table.c.address == through))
        for chunk in chunks(list(usernames), CHUNK):
            clash = connection.scalar(query.where(mailbox.c.username.in_(chunk)).limit(1))
            if clash is not None:
                raise UserError("is_alias", clash, field="local_part")
