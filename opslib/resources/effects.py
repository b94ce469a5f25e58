"""The outbox as a resource: what waits to be done outside the database, what failed, what was given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib.errors import Problem
from opslib.fields import Choice, Integer, Multiline, Text
from opslib.plan import Plan, Row
from opslib.query import Selection
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources.changes import Utc
from opslib.schema.console import ops_change, ops_outbox
from opslib.verb import Verb

if TYPE_CHECKING:
    from opslib.actor import Actor

STATES = {
    "pending": "waits",
    "running": "runs",
    "failed": "failed, will be tried again",
    "given_up": "given up",
    "done": "done",
}
OPEN = ("pending", "failed")


def _since() -> sa.ColumnElement[Any]:
    return sa.select(ops_change.c.at).where(ops_change.c.id == ops_outbox.c.change_id).scalar_subquery()


class EffectRow(Record):
    """One effect."""

    id = Integer(
        label="No.", width=80, doc="Number of the effect; they are done in this order.", on_add=False, on_edit=False
    )
    since = Utc(
        label="Since",
        sql=_since,
        column=None,
        grid=True,
        width=160,
        doc="When its change was committed.",
        on_edit=False,
    )
    label = Text(
        label="Effect", grid=True, search=True, width=320, doc="What is to be done.", on_add=False, on_edit=False
    )
    subject = Text(
        label="Item", grid=True, search=True, width=200, doc="Item it is done for.", on_add=False, on_edit=False
    )
    state = Choice(
        label="State", grid=True, width=200, choices=STATES, doc="How far it is.", on_add=False, on_edit=False
    )
    attempts = Integer(label="Attempts", grid=True, width=100, doc="How often it failed.", on_add=False, on_edit=False)
    due = Utc(label="Next try", grid=True, width=160, doc="Not tried before.", on_add=False, on_edit=False)
    problem = Multiline(
        label="Reason", grid=True, search=True, doc="Why it waits or failed.", on_add=False, on_edit=False
    )
    kind = Text(label="Where", width=110, doc="Key-value store or host.", on_add=False, on_edit=False)
    verb = Text(label="Verb", width=130, doc="Command.", on_add=False, on_edit=False)
    change_id = Integer(
        label="Change", grid=True, width=90, doc="Change that asked for it.", on_add=False, on_edit=False
    )
    finished = Utc(label="Finished", width=160, doc="When it was done or given up.", on_add=False, on_edit=False)


class Effects(Resource):
    """Effects; the arguments stay hidden, they may hold values nobody should read here."""

    name = "effects"
    label = "Effects"
    singular = "effect"
    doc = "What changes still have to do on the host and in the key-value store."
    icon = "outbox"
    record = EffectRow
    table = ops_outbox
    key = "id"
    default_sort = ("-id",)
    can = ()

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        """An administrator sees all, others those of their own changes."""
        if actor.is_admin:
            return None
        return ops_outbox.c.change_id.in_(sa.select(ops_change.c.id).where(ops_change.c.actor == actor.name))

    def special(self) -> list[Verb]:
        again = "Try within seconds what waits, failed or was given up."
        drop = "Stop trying. What the effect should have done has to be done by hand."
        roles = ("admin",)
        return [
            Verb("retry", "Retry now", again, self._retry, roles=roles, icon="replay"),
            Verb("give_up", "Give up", drop, self._give_up, danger=True, roles=roles, icon="cancel"),
        ]

    def _retry(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        after: Row = {"state": "pending", "due": self.site.now(), "attempts": 0, "finished": None}
        return self._set(selection, "retry", "Retry", (*OPEN, "given_up"), after)

    def _give_up(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        after: Row = {"state": "given_up", "finished": self.site.now()}
        return self._set(selection, "give_up", "Give up", OPEN, after)

    def _set(self, selection: Selection, verb: str, word: str, states: tuple[str, ...], after: Row) -> Plan:
        plan = self.plan(verb, "")
        keys = self.keys(selection)
        found = self.current(keys, ())
        good: list[Draft] = []
        for key in keys:
            draft = found.get(key)
            if draft is None:
                plan.refuse(str(key), Problem("access_denied", (), self.key))
            elif draft.raw["state"] not in states:
                plan.refuse(str(key), Problem("effect_state", (draft.raw["label"], STATES[draft.raw["state"]])))
            else:
                good.append(draft)
        for draft in good:
            before = {name: draft.raw[name] for name in after}
            plan.write(self.table.name, self.row_key(draft), before, after, str(draft.key))
            plan.succeed("object_modified", draft.raw["label"], subject=str(draft.key))
        plan.label = self._headline(word, good)
        return plan

    def title(self, draft: Draft) -> str:
        return str(draft.raw.get("label", draft.key))
