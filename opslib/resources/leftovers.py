"""Rows that speak of a domain or alias domain and must go with it, those the reference software forgets included
(addresses.md 7.4, 8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from opslib.plan import Blast, Guard, Plan, Row
from opslib.resources.alias_targets import split_targets
from opslib.resources.rules import CHUNK, domain_part
from opslib.schema.metadata import metadata
from opslib.stores.database import chunks

ENDINGS = 100  # how many `LIKE '%@name'` one statement asks


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of `table` whose `column` is a name, or with `ending` an address of it; `what` they are called.

    `lost` rows hold secrets of mailboxes that are gone: no undo brings them back.
    """

    table: str
    column: str
    what: str
    ending: bool = False
    lost: bool = False


PARTS = (
    Part("tags_domain", "domain", "tags"),
    Part("alias", "domain", "aliases"),
    Part("spamalias", "address", "temporary aliases", ending=True),
    Part("filterconf", "object", "allow and deny list entries"),
    Part("filterconf", "object", "allow and deny list entries of former mailboxes", ending=True),
    Part("bcc_maps", "domain", "BCC maps"),
    Part("mta_sts", "domain", "MTA-STS policies"),
    Part("domain_wide_footer", "domain", "footers"),
    Part("quota2", "username", "usage counters of former mailboxes", ending=True),
    Part("quota2replica", "username", "usage counters of former mailboxes", ending=True),
    Part("pushover", "username", "Pushover settings of former mailboxes", ending=True, lost=True),
)


def clear(plan: Plan, connection: sa.Connection, subjects: Mapping[str, str]) -> set[str]:
    """Delete everything that speaks of the names {name: subject}; gives the mailboxes whose SOGo rows change.

    Counts are added to the plan's blast radius.
    """
    counts: Counter[str] = Counter()
    affected: set[str] = set()
    for part in PARTS:
        found = list(_rows(connection, part, subjects))
        if part.lost:
            plan.purge(part.table, part.column, (row[part.column] for row, _ in found))
        else:
            for row, subject in found:
                plan.delete(part.table, _key(part.table, row), row, subject)
        counts[part.what] += len(found)
        if part.table == "alias":
            affected |= _aliases_gone(plan, [row for row, _ in found])
    rights = sender_rights(connection, subjects)
    for row, subject in rights:
        plan.delete("sender_acl", {"id": row["id"]}, row, subject)
        affected.add(row["logged_in_as"])
    counts["sender rights"] = len(rights)
    for what, count in counts.items():
        note(plan, count, what)
    return affected


def note(plan: Plan, count: int, what: str) -> None:
    """Add to the blast radius what is not nothing."""
    if count:
        plan.blast.append(Blast(count, what))


def _aliases_gone(plan: Plan, gone: list[Row]) -> set[str]:
    if gone:
        addresses = tuple(row["address"] for row in gone)
        plan.derive("alias_targets", *addresses)
        plan.undo_guards.append(Guard("addresses_unique", addresses))
    return {target for row in gone for target in split_targets(row["goto"])}


def sender_rights(
    connection: sa.Connection, subjects: Mapping[str, str], external_only: bool = False
) -> list[tuple[Row, str]]:
    """Rights to send as an address of the names, or held by a mailbox of theirs.  The table has no index: one scan."""
    table = metadata.tables["sender_acl"]
    query = sa.select(table)
    if external_only:
        query = query.where(table.c.external == 1)
    found = []
    for row in connection.execute(query).mappings():
        sides = [row["send_as"]] if external_only else [row["send_as"], row["logged_in_as"]]
        subject = next((subjects[name] for side in sides if (name := domain_part(side).lower()) in subjects), None)
        if subject is not None:
            found.append((dict(row), subject))
    return found


def _rows(connection: sa.Connection, part: Part, subjects: Mapping[str, str]) -> Iterator[tuple[Row, str]]:
    table = metadata.tables[part.table]
    for clause in _clauses(table.c[part.column], part.ending, list(subjects)):
        for row in connection.execute(sa.select(table).where(clause)).mappings():
            value = str(row[part.column])
            subject = subjects.get((domain_part(value) if part.ending else value).lower())
            if subject is not None:
                yield dict(row), subject


def _clauses(column: sa.ColumnElement[Any], ending: bool, names: list[str]) -> Iterable[sa.ColumnElement[bool]]:
    if not ending:
        return (column.in_(chunk) for chunk in chunks(names, CHUNK))
    return (
        sa.or_(*(column.endswith(f"@{name}", autoescape=True) for name in chunk)) for chunk in chunks(names, ENDINGS)
    )


def _key(table: str, row: Row) -> Row:
    """Primary key of a row; all columns where the table has none."""
    keys = [column.name for column in metadata.tables[table].primary_key] or list(row)
    return {name: row[name] for name in keys}
