"""The journal as a resource: who changed what, when, how many, and whether it was taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sa

from opslib import images, journal, scopes
from opslib.fields import Field, Integer, Moment, Multiline, Text
from opslib.plan import Plan, RowWrite
from opslib.query import Condition, Query, Selection
from opslib.record import Record
from opslib.resource import Resource
from opslib.schema.console import ops_change, ops_change_row
from opslib.verb import Verb

if TYPE_CHECKING:
    from opslib.actor import Actor

DETAILED = 500
"""Row writes whose cells `Changes.detail` shows unless asked for more."""


class Utc(Moment):
    """A point in time that is stored in UTC, whatever the server's wall clock says: all `ops_*` tables."""

    def placed(self, zone: tzinfo) -> Field:
        return self


def _state() -> sa.ColumnElement[Any]:
    undone, undoes = ops_change.c.undone_by.is_not(None), ops_change.c.undoes.is_not(None)
    return sa.case((undone, "undone"), (undoes, "undo"), else_="done")


class Change(Record):
    """One entry of the journal."""

    id = Integer(label="No.", width=80, doc="Number of the change.", on_add=False, on_edit=False)
    at = Utc(label="When", grid=True, width=160, doc="Moment of the commit.", on_add=False, on_edit=False)
    actor = Text(label="Who", grid=True, search=True, width=160, doc="Account that acted.", on_add=False, on_edit=False)
    role = Text(label="Role", width=120, doc="Role it had.", on_add=False, on_edit=False)
    via = Text(label="Through", width=110, doc="Console, command line, API or notebook.", on_add=False, on_edit=False)
    label = Text(label="What", grid=True, search=True, doc="The change in words.", on_add=False, on_edit=False)
    count = Integer(label="Items", grid=True, width=90, doc="How many items it touched.", on_add=False, on_edit=False)
    resource = Text(
        label="Kind", grid=True, search=True, width=130, doc="What was changed.", on_add=False, on_edit=False
    )
    verb = Text(label="Verb", width=110, doc="What was done with it.", on_add=False, on_edit=False)
    state = Text(
        label="State",
        sql=_state,
        column=None,
        grid=True,
        width=100,
        doc="done, undone by a later change, or itself an undo.",
        on_add=False,
        on_edit=False,
    )
    note = Multiline(label="Why", search=True, doc="Reason in the actor's words.", on_add=False, on_edit=False)
    subject = Text(
        label="Item",
        sql=lambda: _first_subject(),
        column=None,
        sortable=False,
        doc="First item; a filter looks at all of them.",
        on_add=False,
        on_edit=False,
    )
    undone_by = Integer(label="Undone by", width=100, doc="Change that took it back.", on_add=False, on_edit=False)
    undoes = Integer(label="Takes back", width=100, doc="Change it took back.", on_add=False, on_edit=False)


def _first_subject() -> sa.ColumnElement[Any]:
    first = sa.and_(ops_change_row.c.change_id == ops_change.c.id, ops_change_row.c.seq == 0)
    return sa.select(ops_change_row.c.subject).where(first).scalar_subquery()


class Changes(Resource):
    """Read-only, but for the verb `undo`."""

    name = "changes"
    label = "Changes"
    singular = "change"
    doc = "What was changed, by whom, and the way back."
    icon = "history"
    record = Change
    table = ops_change
    key = "id"
    default_sort = ("-id",)
    can = ()

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        """Own changes, and for a domain administrator those of others in exactly one of the own domains."""
        if actor.is_admin:
            return None
        own = ops_change.c.actor == actor.name
        if actor.role != "domainadmin":
            return own
        lists = [
            sa.select(sa.literal('["').concat(only.selected_columns[0]).concat('"]'))
            for only in (scopes.assigned(actor), scopes.alias_domains_of(actor))
        ]
        return sa.or_(own, *(ops_change.c.domains.in_(alone) for alone in lists))

    def matching(self, query: Query) -> list[sa.ColumnElement[bool]]:
        """As everywhere; a condition on `subject` looks at every item of a change."""
        about = [c for c in query.conditions if c.field == "subject"]
        others = [c for c in query.conditions if c.field != "subject"]
        return [*super().matching(query.copy(conditions=others)), *(self._touches(c) for c in about)]

    def _touches(self, condition: Condition) -> sa.ColumnElement[bool]:
        wanted = condition.clause(self.fields["subject"], ops_change_row.c.subject)
        return ops_change.c.id.in_(sa.select(ops_change_row.c.change_id).where(wanted))

    def special(self) -> list[Verb]:
        doc = "Take the change back; items that were changed again since are left as they are."
        return [Verb("undo", "Undo", doc, self._undo, "one", danger=True, icon="undo")]

    def _undo(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        key = int(self.keys(selection)[0])
        self.get(key)
        return journal.undo(self.site, self.actor, key, self.ops.reach())

    def detail(self, key: int, most: int = DETAILED) -> pd.DataFrame:
        """Cells of a change before and after: columns subject, table, field, before, after (text, None = absent).

        Secrets say only "changed".  At most `most` rows are read.  Raises Denied for a change out of reach.
        """
        self.get(int(key))
        writes = journal.rows(self.site, int(key), most)
        cells = [cell for write in writes for cell in _cells(write)]
        return pd.DataFrame(cells, columns=["subject", "table", "field", "before", "after"])


def _cells(write: RowWrite) -> Iterator[tuple[Any, ...]]:
    before, after = write.before or {}, write.after or {}
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old == images.HIDDEN or new == images.HIDDEN:
            yield write.subject, write.table, name, None, "changed"
        elif old != new:
            yield write.subject, write.table, name, _shown(old), _shown(new)


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)
