"""Where a mailbox is named: rows that go with it, that follow a rename, or that keep an undo from taking it away."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from opslib import registry, schema
from opslib.errors import UserError
from opslib.plan import Row
from opslib.resources.alias_targets import split_targets
from opslib.resources.rules import CHUNK, domain_part
from opslib.site import Site
from opslib.stores.database import chunks

# table, column that names the mailbox, columns that identify the row, what people call it
KEPT: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("tags_mailbox", "username", ("tag_name", "username"), ""),
    ("sieve_filters", "username", ("id",), "filters"),
    ("app_passwd", "mailbox", ("id",), "app passwords"),
    ("user_acl", "username", ("username",), ""),
    ("quota2", "username", ("username",), ""),
    ("quota2replica", "username", ("username",), ""),
    ("pushover", "username", ("username",), "Pushover settings"),
    ("sender_acl", "logged_in_as", ("id",), "sender rights"),
    ("spamalias", "goto", ("address",), "temporary aliases"),
    ("imapsync", "user2", ("id",), "sync jobs"),
    ("filterconf", "object", ("prefid",), "allow and deny entries and scores"),
    ("bcc_maps", "local_dest", ("id",), "BCC maps"),
    ("bcc_maps", "bcc_dest", ("id",), "BCC maps that copy to it"),
    ("recipient_maps", "old_dest", ("id",), "recipient maps"),
    ("recipient_maps", "new_dest", ("id",), "recipient maps to it"),
)
"""Rows deleted with their images, so that an undo brings them back."""

PURGED: tuple[tuple[str, str, str], ...] = (
    ("quarantine", "rcpt", "quarantined mails"),
    ("reset_password", "username", "open password resets"),
    ("tfa", "username", "second factors"),
    ("fido2", "username", "passkeys"),
    ("oauth_access_tokens", "user_id", "sign-in tokens"),
    ("oauth_refresh_tokens", "user_id", "sign-in tokens"),
    ("oauth_authorization_codes", "user_id", "sign-in tokens"),
)
"""Rows deleted without images: mail, tokens and second factors are not for a journal."""

RENAMED: tuple[tuple[str, str], ...] = (
    *((table, column) for table, column, *_ in KEPT),
    ("sender_acl", "send_as"),
    *((table, column) for table, column, _ in PURGED),
    ("sasl_log", "username"),
)
"""Columns that follow a rename."""

UNIQUE = ("tags_mailbox", "user_acl", "quota2", "quota2replica", "pushover", "sasl_log")
"""Tables where rows left over under the new name would be in the way of a rename."""

OWNED = ("pushover", "sender_acl", "spamalias", "imapsync", "filterconf")
"""Tables whose rows somebody made for the mailbox, and that nothing takes away when the undo of its addition does."""


def rows(connection: sa.Connection, name: str, column: str, values: Collection[str]) -> Iterator[Row]:
    """Rows of a table whose column is one of the values."""
    table = schema.metadata.tables[name]
    for chunk in chunks(sorted(values), CHUNK):
        for row in connection.execute(sa.select(table).where(table.c[column].in_(chunk))).mappings():
            yield dict(row)


def count(
    connection: sa.Connection, name: str, column: str, values: Collection[Any], *also: sa.ColumnElement[bool]
) -> int:
    """How many rows of a table have one of the values in a column, and fulfil what else is asked."""
    table = schema.metadata.tables[name]
    counted = sa.select(sa.func.count()).select_from(table).where(*also)
    return sum(
        int(connection.scalar(counted.where(table.c[column].in_(chunk))) or 0) for chunk in chunks(list(values), CHUNK)
    )


def pointing(connection: sa.Connection, usernames: Collection[str]) -> Iterator[Row]:
    """Alias rows, self rows too, that have any of the mailboxes among their targets, by exact membership."""
    query = sa.select(schema.alias)
    if len(usernames) <= 20:
        query = query.where(sa.or_(*(schema.alias.c.goto.contains(name, autoescape=True) for name in usernames)))
    for row in connection.execute(query).mappings():
        if any(target.lower() in usernames for target in split_targets(row["goto"])):
            yield dict(row)


def footers(connection: sa.Connection, usernames: Collection[str]) -> Iterator[Row]:
    """Footers of the mailboxes' domains that leave any of them out."""
    for row in rows(connection, "domain_wide_footer", "domain", {domain_part(name) for name in usernames}):
        if any(str(entry).lower() in usernames for entry in row["mbox_exclude"] or []):
            yield row


@registry.guard
def mailboxes_unused(connection: sa.Connection, site: Site, *usernames: str) -> None:
    """After the writes, which took the mailboxes away, nothing is left that was made for them."""
    scores = schema.filterconf.c.option.in_(["lowspamlevel", "highspamlevel"])  # may have come back with the undo
    for name, column, _, what in KEPT:
        also = (~scores,) if name == "filterconf" else ()
        if name in OWNED and count(connection, name, column, usernames, *also):
            raise UserError("undo_not_possible", f"there are {what} by now; delete the mailbox instead.")
