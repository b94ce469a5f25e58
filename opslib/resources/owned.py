"""What belongs to one mailbox, and who may have it (addresses.md 1.2 MailboxAccess)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib import scopes
from opslib.actor import Actor
from opslib.schema import mailbox
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft

CHUNK = 1000
EVERYBODY = ("admin", "domainadmin", "user")


def reachable(connection: sa.Connection, actor: Actor, usernames: Iterable[str]) -> dict[str, sa.RowMapping]:
    """(username, domain, active) of those mailboxes, no resources, that the actor has access to."""
    scope = scopes.by_mailbox(actor, mailbox.c.username)
    found: dict[str, sa.RowMapping] = {}
    for chunk in chunks(sorted(set(usernames)), CHUNK):
        query = sa.select(mailbox.c.username, mailbox.c.domain, mailbox.c.active)
        query = query.where(mailbox.c.username.in_(chunk), mailbox.c.kind == "")
        rows = connection.execute(query if scope is None else query.where(scope)).mappings()
        found.update({row["username"].lower(): row for row in rows})
    return found


def check_owners(connection: sa.Connection, actor: Actor, drafts: Sequence[Draft], field: str) -> None:
    """Fill in the own mailbox where none is named; refuse mailboxes out of reach and resources."""
    for draft in drafts:
        if not draft.values.get(field) and actor.role == "user":
            draft.values[field] = actor.name
    known = reachable(connection, actor, {d.values[field] for d in drafts if d.values.get(field)})
    for draft in drafts:
        owner = known.get(str(draft.values.get(field) or "").lower())
        if owner is None:
            draft.fail("access_denied", field=field)
        else:
            draft.values[field] = owner["username"]
