"""Tags of domains and mailboxes: one row per tag (addresses.md 1.6, 2.3)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import sqlalchemy as sa

from opslib.plan import Plan


def fold(tag: str) -> str:
    """What two tags have in common that the unique key holds for equal: case, accents, blanks at the end (1.5)."""
    plain = unicodedata.normalize("NFKD", tag.rstrip().casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def unique(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags without those that the database holds for equal to an earlier one, in order of the alphabet."""
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(fold(tag), tag)
    return tuple(sorted(found.values()))


def joined(table: sa.Table, owner: sa.Column[str], name: sa.Column[str]) -> sa.ColumnElement[str]:
    """Correlated SQL: the tags of `name`, one a line."""
    query = sa.select(sa.func.aggregate_strings(table.c.tag_name, "\n")).where(owner == name)
    return query.correlate(name.table).scalar_subquery()


def write(plan: Plan, table: str, owner: str, name: str, before: Iterable[str], after: Iterable[str]) -> None:
    """Rows of `table` so that `name` (in column `owner`) has the tags `after`; what goes is deleted first."""
    old, new = set(before), set(after)
    for tag in sorted(old - new):
        key = {"tag_name": tag, owner: name}
        plan.delete(table, key, dict(key), name)
    for tag in sorted(new - old):
        plan.insert(table, {"tag_name": tag, owner: name}, {}, name)
