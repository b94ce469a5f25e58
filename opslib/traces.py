"""Who changed a row last, as far as the journal knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from opslib.schema.console import ops_change, ops_change_row
from opslib.site import Site
from opslib.stores.database import chunks, read


@dataclass(frozen=True, slots=True)
class Trace:
    """The newest change of a subject: who, when (UTC, naive), through what, and the change in words."""

    actor: str
    at: datetime
    via: str
    label: str

    @property
    def sentence(self) -> str:
        return f"{self.actor}, {self.at:%Y-%m-%d %H:%M} UTC: {self.label}"


def newest(site: Site, resource: str, subjects: Iterable[str]) -> dict[str, Trace]:
    """Trace of every subject of a resource that the journal knows."""
    found: dict[str, Trace] = {}
    wanted = list(dict.fromkeys(subjects))
    with read(site.engine) as connection:
        for chunk in chunks(wanted, 500):
            last = (
                sa.select(ops_change_row.c.subject, sa.func.max(ops_change_row.c.change_id).label("id"))
                .join(ops_change, ops_change.c.id == ops_change_row.c.change_id)
                .where(ops_change_row.c.subject.in_(chunk), ops_change.c.resource == resource)
                .group_by(ops_change_row.c.subject)
                .subquery()
            )
            query = sa.select(last.c.subject, ops_change).join(ops_change, ops_change.c.id == last.c.id)
            for row in connection.execute(query).mappings():
                found[row["subject"]] = Trace(row["actor"], row["at"], row["via"], row["label"])
    return found
