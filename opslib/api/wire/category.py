"""A category of the contract's API over one resource: names and encodings are declared, the rest follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from opslib.api.calls import EVERYBODY, STAFF, Call, Route, Rows, Written
from opslib.api.envelope import Item, call_of
from opslib.api.wire import codec
from opslib.api.wire.codec import In, Out
from opslib.errors import Problem, UserError
from opslib.ops import Ops
from opslib.plan import Outcome, Plan, Row
from opslib.query import Query
from opslib.resource import Resource

BATCH = 500  # objects encoded at a time
EMPTY: Mapping[str, Any] = {"type": "object", "maxProperties": 0, "description": "nothing to show"}
Make = Callable[[], Plan]


class Category:
    """Base of the categories.

    `log` is what stands before the data in `log` after the action, e.g. ("mailbox", "domain") for
    ["mailbox", "add", "domain", {...}, null]; `items` is the name that the items have in the data.
    """

    name: str
    resource: str
    singular: str
    log: tuple[str, ...]
    tail: tuple[Any, ...] = (None,)
    items: str
    outputs: Mapping[str, Out] = {}
    added: Mapping[str, In] = {}
    edited: Mapping[str, In] = {}
    verbs: tuple[str, ...] = ("get", "add", "edit", "delete")
    roles: tuple[str, ...] = STAFF
    said: Mapping[tuple[str, str], tuple[str, bool]] = {}  # (own key, field) -> the contract's, with the item's name?
    unknown: Mapping[str, tuple[str, bool]] = {}  # action -> (key for what is not there, with its name)

    # -- routes --------------------------------------------------------------------------------------------------
    def routes(self) -> Iterator[Route]:
        """Every address of the category."""
        shape = codec.schema_of(self.outputs)
        if "get" in self.verbs:
            every = {"anyOf": [{"type": "array", "items": shape}, EMPTY]}
            yield self._get(f"{self.name}/all", self.every, f"All {self.plural}", every)
            yield self._get(f"{self.name}/{{key}}", self.one, f"One {self.singular}", {"anyOf": [shape, EMPTY]})
        if "add" in self.verbs:
            schema = codec.attributes_schema(self.added)
            yield self._write("add", self.name, self.add, f"Add {self.article} {self.singular}", schema)
        if "edit" in self.verbs:
            schema = codec.attributes_schema(self.edited)
            yield self._write("edit", self.name, self.edit, f"Change {self.plural}", schema)
        if "delete" in self.verbs:
            yield self._write("delete", self.name, self.delete, f"Delete {self.plural}", {})

    def _get(self, path: str, run: Callable[[Call], Any], summary: str, answer: Mapping[str, Any]) -> Route:
        return Route("get", path, run, self.resource, summary, answer, tag=self.tag, roles=EVERYBODY)

    def _write(
        self, action: Any, path: str, run: Callable[[Call], Any], summary: str, attributes: Mapping[str, Any]
    ) -> Route:
        return Route(action, path, run, self.resource, summary, {}, attributes, self.tag, self.roles)

    @property
    def article(self) -> str:
        """a or an."""
        return "an" if self.singular[0] in "aeiouM" else "a"

    @property
    def plural(self) -> str:
        """What people call many of them."""
        name = self.singular
        return f"{name}es" if name.endswith(("x", "s")) else f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"

    @property
    def tag(self) -> str:
        return self.name.partition("/")[0]

    # -- reading -------------------------------------------------------------------------------------------------
    def of(self, ops: Ops) -> Resource:
        """The resource for whoever calls."""
        return ops.resource(self.resource)

    def also(self) -> dict[str, sa.ColumnElement[Any]]:
        """Further SQL that the answers need."""
        return {}

    def complete(self, resource: Resource, rows: list[Row]) -> None:
        """Put into the rows what comes from elsewhere, each thing read once for all of them."""

    def fields(self, resource: Resource, outputs: Mapping[str, Out]) -> list[str]:
        """Fields to be read for the outputs, as far as the actor may see them."""
        wanted = {name for out in outputs.values() for name in out.fields}
        return [name for name in resource.fields if name in wanted]

    def shown(self, resource: Resource) -> Mapping[str, Out]:
        """Outputs for this actor: what he may not see is left out."""
        known = {*resource.fields, *self.also(), *self.completed}
        return {name: out for name, out in self.outputs.items() if known.issuperset(out.fields)}

    completed: tuple[str, ...] = ()  # names that `complete` puts into the rows

    def rows(self, ops: Ops, query: Query | None = None, **more: Any) -> list[Row]:
        """Rows with everything that the answers need."""
        resource = self.of(ops)
        rows = resource.rows(query, self.fields(resource, self.shown(resource)), also=self.also(), **more)
        self.complete(resource, rows)
        return rows

    def objects(self, ops: Ops, query: Query | None = None, **more: Any) -> Iterator[dict[str, Any]]:
        """Answer objects in the order of the rows."""
        resource = self.of(ops)
        outputs = self.shown(resource)
        for row in self.rows(ops, query, **more):
            yield codec.encoded(outputs, row, resource)

    def every(self, call: Call) -> Any:
        """`get/<category>/all`."""
        return Rows(self.objects(call.ops, where=self.narrowed(call)))

    def narrowed(self, call: Call) -> Sequence[sa.ColumnElement[bool]]:
        """Clauses of what the call asks for beside scope."""
        return ()

    def one(self, call: Call) -> Any:
        """`get/<category>/<key>`."""
        resource = self.of(call.ops)
        key = resource.identity(call.path["key"])
        if key is None:
            return {}
        found = self.objects(call.ops, where=[resource.key_column == key])
        return next((o for o in found if self.named(o, call.path["key"])), {})

    def named(self, found: Mapping[str, Any], key: str) -> bool:
        """Whether the object is the one asked for: the database takes accents and blanks at the end for nothing."""
        own = next(iter(found.values()))
        return str(own).casefold() == key.casefold()

    # -- writing -------------------------------------------------------------------------------------------------
    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        """Field values of the attributes."""
        return codec.read(inputs, attr)

    def add(self, call: Call) -> Written:
        """`add/<category>`."""
        values = self.values(call.ops, self.added, call.attr, True)
        return self.carried_out(call, "add", lambda: self.of(call.ops).add_many([values]), call.attr)

    def edit(self, call: Call) -> Written:
        """`edit/<category>`."""
        if not call.items:
            return Written([])
        keys, values = call.keys(), self.values(call.ops, self.edited, call.attr, False)
        resource = self.of(call.ops)
        return self.carried_out(call, "edit", lambda: self.plan_edit(resource, keys, values), call.attr, keys)

    def plan_edit(self, resource: Resource, keys: list[str], values: Row) -> Plan:
        """The plan of an edit."""
        return resource.edit(keys, values)

    def delete(self, call: Call) -> Written:
        """`delete/<category>`."""
        if not call.items:
            return Written([], done=False)
        keys = call.keys()
        return self.carried_out(call, "delete", lambda: self.of(call.ops).delete(keys), {}, keys)

    # -- outcomes ------------------------------------------------------------------------------------------------
    def carried_out(
        self,
        call: Call,
        action: str,
        make: Make,
        attr: Mapping[str, Any],
        keys: Sequence[str] = (),
        key: str | None = None,
    ) -> Written:
        """Make the plan and commit what of it was not refused; items in the order of the keys."""
        log = self.called(action, attr, call.items)
        done = attempt(call.ops, make)
        outcomes = done.outcomes
        if keys:
            outcomes = self.per_item(call.ops, outcomes, keys, key or self.of(call.ops).modified_key, action)
        items = [self.item(outcome, action, log) for outcome in firsts(outcomes)]
        if done.plan is not None and done.well:
            items = [*self.beside(call, done.plan), *items]
        return Written(items, done=not any(item.status == "danger" for item in items))

    def called(self, action: str, attr: Mapping[str, Any], items: Sequence[Any] = ()) -> list[Any]:
        """What was called, for `log`; attributes never hide the items."""
        data = {self.items: list(items)} if items and action != "add" else {}
        data |= {name: value for name, value in attr.items() if name not in data}
        return call_of([self.log[0], action, *self.log[1:]], data, self.tail)

    def beside(self, call: Call, plan: Plan) -> list[Item]:
        """Items of what was done along with the object itself, before its own."""
        return []

    def per_item(
        self, ops: Ops, outcomes: list[Outcome], keys: Sequence[str], modified: str, action: str
    ) -> list[Outcome]:
        """One outcome per key in the order of the keys: what is already as asked is a success too."""
        told = {o.subject.casefold() for o in outcomes}
        silent = [key for key in keys if key.casefold() not in told]
        if action == "edit" and silent and not any(o.subject == "" and o.status == "danger" for o in outcomes):
            resource = self.of(ops)
            found = resource.current(silent, ())
            outcomes = [*outcomes, *(_as_it_was(modified, resource, key, found.get(key)) for key in silent)]
        place = {key.casefold(): number for number, key in enumerate(keys)}
        return sorted(outcomes, key=lambda outcome: place.get(outcome.subject.casefold(), len(place)))

    def item(self, outcome: Outcome, action: str, log: list[Any]) -> Item:
        """The item of an outcome, with the contract's key where ours is another."""
        key, args = outcome.key, outcome.args
        if key == "access_denied" and action in self.unknown:
            key, with_name = self.unknown[action]
            args = (outcome.subject,) if with_name else ()
        elif (key, outcome.field or "") in self.said:
            key, with_name = self.said[key, outcome.field or ""]
            args = (outcome.subject,) if with_name else ()
        return Item(outcome.status, key, args, log, outcome.field)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a plan: the plan, if there was one, and its outcomes."""

    plan: Plan | None
    outcomes: list[Outcome]

    @property
    def well(self) -> bool:
        return any(outcome.status == "success" for outcome in self.outcomes)


def attempt(ops: Ops, make: Make) -> Attempt:
    """Make a plan and commit it as far as it goes; what the caller can mend comes as outcomes."""
    plan: Plan | None = None
    try:
        plan = make()
        return Attempt(plan, list(ops.commit(plan, partial=True).outcomes))
    except UserError as error:
        return Attempt(plan, [failure(problem) for problem in error.problems])


def failure(problem: Problem, subject: str = "") -> Outcome:
    """The outcome of a problem."""
    return Outcome("danger", problem.key, problem.args, subject, problem.field)


def firsts(outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """Outcomes with the first problem only of each object: the contract stops at it."""
    failed: set[str] = set()
    for outcome in outcomes:
        if outcome.status == "danger" and outcome.subject in failed:
            continue
        if outcome.status == "danger":
            failed.add(outcome.subject)
        yield outcome


def _as_it_was(modified: str, resource: Resource, key: str, draft: Any) -> Outcome:
    if draft is None:
        return Outcome("danger", "access_denied", (), key, resource.key)
    return Outcome("success", modified, (resource.title(draft),), key)
