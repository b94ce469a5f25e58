"""Rows that every mailbox must have, and the self row that mirrors it (addresses.md 20.1, 20.2, 20.11)."""

from __future__ import annotations

import sqlalchemy as sa

from opslib import names, schema
from opslib.verify.invariant import Broken, add, invariant
from opslib.verify.snapshot import Snapshot

KINDS = {"", "location", "group", "thing"}


def _require(table: sa.Table) -> None:
    """Register: every mailbox has a row in this table."""

    def missing(snapshot: Snapshot) -> Broken:
        found = sa.select(schema.mailbox.c.username).outerjoin(table, table.c.username == schema.mailbox.c.username)
        lacking = found.where(schema.mailbox.c.kind == "", table.c.username.is_(None))
        return ((name, f"{name} has no row in {table.name}.") for (name,) in snapshot.rows(lacking))

    hint = f"Insert a row with the defaults into {table.name}."
    add(f"{table.name}_missing", 1, table.name, hint, f"Every mailbox has a row in {table.name}.", missing)


for _table in (schema.quota2, schema.quota2replica, schema.user_acl):
    _require(_table)


@invariant(1, "alias", "Insert an alias whose address and goto are the mailbox, with the mailbox's active value.")
def self_row_missing(snapshot: Snapshot) -> Broken:
    """Every mailbox has a self row: without it a catch-all takes its mail and it cannot send."""
    for row in snapshot.mailboxes:
        if row.username.lower() not in snapshot.alias_of:
            yield row.username, f"{row.username} has no self row: it may lose mail and cannot send."


@invariant(1, "alias", "Set goto of the self row to the mailbox itself; use another alias to forward.")
def self_row_goto(snapshot: Snapshot) -> Broken:
    """The alias row named like a mailbox points to the mailbox and nowhere else."""
    for row in snapshot.mailboxes:
        alias = snapshot.alias_of.get(row.username.lower())
        if alias is not None and alias.goto.lower() != row.username.lower():
            yield row.username, f"The self row of {row.username} points to {alias.goto}."


@invariant(2, "alias", "Set active of the self row to the mailbox's value.")
def self_row_active(snapshot: Snapshot) -> Broken:
    """The self row mirrors `mailbox.active`."""
    for row in snapshot.mailboxes:
        alias = snapshot.alias_of.get(row.username.lower())
        if alias is not None and alias.active != row.active:
            yield row.username, f"{row.username} has active {row.active}, its self row {alias.active}."


@invariant(1, "alias", "Delete the row, or point it to a mailbox that exists.")
def self_row_orphan(snapshot: Snapshot) -> Broken:
    """A row whose address is its goto belongs to a mailbox."""
    for row in snapshot.aliases:
        if row.address.lower() == row.goto.lower() and row.address.lower() not in snapshot.usernames:
            yield row.address, f"{row.address} is a self row without a mailbox."


@invariant(11, "mailbox", "Rename the mailbox to its lower-case name in every table.")
def mailbox_lower_case(snapshot: Snapshot) -> Broken:
    """Names of mailboxes and resources are lower-case: look-ups in the key-value store are exact."""
    for row in snapshot.everyone:
        if row.username != row.username.lower():
            yield row.username, f"{row.username} has upper-case letters."


@invariant(1, "mailbox", "Set local_part and domain to the parts of username: the path of its mail is made of them.")
def mailbox_name_parts(snapshot: Snapshot) -> Broken:
    """`username` is local part, @, domain."""
    for row in snapshot.everyone:
        if row.username.lower() != f"{row.local_part}@{row.domain}".lower():
            yield row.username, f"{row.username} is stored as {row.local_part} at {row.domain}."


@invariant(11, "mailbox", "Rename the mailbox to a valid address.")
def mailbox_address(snapshot: Snapshot) -> Broken:
    """`username` is an e-mail address."""
    for row in snapshot.everyone:
        if not names.is_address(row.username):
            yield row.username, f"{row.username} is no valid address."


@invariant(0, "mailbox", "Add the domain, or delete the mailbox.")
def mailbox_domain(snapshot: Snapshot) -> Broken:
    """The domain of every mailbox and resource exists."""
    for row in snapshot.everyone:
        if row.domain.lower() not in snapshot.domain_names:
            yield row.username, f"{row.domain}, the domain of {row.username}, does not exist."


@invariant(0, "mailbox", "Set kind to one of location, group, thing, or to nothing for a mailbox.")
def mailbox_kind(snapshot: Snapshot) -> Broken:
    """`kind` is empty for mailboxes, else location, group or thing (addresses.md 2.6)."""
    for row in snapshot.everyone:
        if row.kind not in KINDS:
            yield row.username, f"{row.username} is of the unknown kind {row.kind}."


@invariant(0, "mailbox", "Set active to 0 (off), 1 (on) or 2 (receives only).")
def mailbox_active(snapshot: Snapshot) -> Broken:
    """`active` is 0, 1 or 2."""
    for row in snapshot.everyone:
        if row.active not in (0, 1, 2):
            yield row.username, f"{row.username} has active {row.active}."
