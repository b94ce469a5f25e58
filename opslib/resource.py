"""A resource is one table an operator sees: fields to read, a scope, and verbs that give plans.

Reading is two statements whatever the size: the total, and one page whose computed columns are evaluated for the rows
of that page only.  Writing runs one path for every caller: parse, check rights, read the rows, check rules, plan.
Subclasses declare `record`, `table` and `key`, and override the hooks `check_*` and `write_*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
import sqlalchemy as sa

from opslib.errors import Conflict, Denied, Problem, UserError
from opslib.fields import Field, choices_of
from opslib.plan import Plan, Row
from opslib.query import Page, Query, Selection
from opslib.record import Record
from opslib.stores.database import chunks, read
from opslib.verb import Verb

if TYPE_CHECKING:
    from opslib.actor import Actor
    from opslib.ops import Ops
    from opslib.site import Site

CHUNK = 1000
SHOWN = 2000  # cells kept for a preview


@dataclass
class Draft:
    """One row on its way into a plan.

    before: inside values now ({} for a new row) · raw: the row's columns as stored · values: parsed new values
    (only what differs, for an edit) · problems: why it cannot be done · place: which of the rows to add it came from.
    """

    key: Any
    values: Row
    before: Row = field(default_factory=dict)
    raw: Row = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    place: int | None = None

    def fail(self, key: str, *args: Any, field: str | None = None) -> None:
        """Note a problem; the row is left out of the plan."""
        self.problems.append(Problem(key, args, field))

    @property
    def ok(self) -> bool:
        return not self.problems

    def after(self, name: str) -> Any:
        """Value of a field once written."""
        return self.values.get(name, self.before.get(name))

    def changes(self, *names: str) -> bool:
        """Whether any of these fields gets another value."""
        return any(name in self.values for name in names)


class Resource:
    """Base of all resources; see the module's docstring."""

    name: ClassVar[str]
    label: ClassVar[str]
    singular: ClassVar[str]
    doc: ClassVar[str] = ""
    icon: ClassVar[str] = "table_rows"
    record: ClassVar[type[Record]]
    table: ClassVar[sa.Table]
    key: ClassVar[str]
    default_sort: ClassVar[tuple[str, ...]] = ()
    writers: ClassVar[tuple[str, ...]] = ("admin", "domainadmin")
    can: ClassVar[tuple[str, ...]] = ("add", "edit", "delete")
    natural: ClassVar[tuple[str, ...]] = ()  # fields by which people, and files, know a row; () = the key
    consults: ClassVar[tuple[str, ...]] = ()  # computed fields that the rules for writing read
    plainly: ClassVar[tuple[str, ...] | None] = None  # plain fields that they read; None = any of them
    added_key: ClassVar[str] = "object_modified"
    modified_key: ClassVar[str] = "object_modified"
    removed_key: ClassVar[str] = "object_modified"

    def __init__(self, ops: Ops) -> None:
        self.ops = ops

    @property
    def site(self) -> Site:
        return self.ops.site

    @property
    def actor(self) -> Actor:
        return self.ops.actor

    # -- declarations --------------------------------------------------------------------------------------------
    @cached_property
    def fields(self) -> dict[str, Field]:
        """Fields the actor may read, in order."""
        found = {n: f for n, f in self.record.fields().items() if self.actor.role in f.sees}
        return {n: f.placed(self.site.zone) for n, f in found.items()}

    @cached_property
    def expressions(self) -> dict[str, sa.ColumnElement[Any]]:
        """SQL of every readable field that lives in the database."""
        found = {name: f.expression(self.table) for name, f in self.fields.items() if not f.secret}
        return {name: expression for name, expression in found.items() if expression is not None}

    @property
    def key_column(self) -> sa.ColumnElement[Any]:
        """Column of the key; its name is the key field's."""
        return self.table.c[self.key]

    def restriction(self) -> sa.ColumnElement[bool] | None:
        """Which rows of the table belong to this resource at all."""
        return None

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        """Which rows the actor may see, as a WHERE clause; None = all.  The default is: nobody but an admin."""
        return None if actor.is_admin else sa.false()

    def may(self, verb: str) -> bool:
        """Whether the actor may use the verb at all (per row, `scope` decides)."""
        special = next((v for v in self.special() if v.name == verb), None)
        if special is not None:
            return self.actor.role in special.roles and self.actor.may(special.acl)
        return verb in self.can and self.actor.role in self.writers

    def writable(self, name: str, adding: bool = False) -> bool:
        """Whether the actor may write the field."""
        declared = self.record.fields()[name]
        allowed = declared.on_add if adding else declared.on_edit
        return allowed and self.actor.role in declared.roles and self.actor.may(declared.acl)

    def choices(self, name: str) -> dict[Any, str]:
        """Choices of a field for this actor."""
        return choices_of(self.record.fields()[name], self.ops)

    # -- reading -------------------------------------------------------------------------------------------------
    def _visible(self) -> list[sa.ColumnElement[bool]]:
        return [clause for clause in (self.restriction(), self.scope(self.actor)) if clause is not None]

    def matching(self, query: Query) -> list[sa.ColumnElement[bool]]:
        """WHERE clauses of a query, scope included."""
        return [*self._visible(), *query.clauses(self.fields, self.expressions)]

    def count(self, query: Query | None = None) -> int:
        """Number of rows that match."""
        with read(self.site.engine) as connection:
            return self._count(connection, query or Query())

    def _count(self, connection: sa.Connection, query: Query) -> int:
        counted = sa.select(sa.func.count()).select_from(self.table).where(*self.matching(query))
        return int(connection.execute(counted).scalar_one())

    def page(self, query: Query | None = None, names: Iterable[str] | None = None) -> Page:
        """One page of rows and the total: two statements, plus one read of the key-value store where fields live there.

        A page beyond the last gives the last.
        """
        query, shown = query or Query(), self._names(names)
        with read(self.site.engine) as connection:
            total = self._count(connection, query)
            last = max(-(-total // query.page_size), 1)
            query = query if query.page <= last else query.copy(page=last)
            window = self._window(query).limit(query.page_size).offset((query.page - 1) * query.page_size)
            rows = self._rows(connection, window, query, shown)
        return Page(self.to_frame(rows, shown), total, query)

    def frame(self, query: Query | None = None, names: Iterable[str] | None = None) -> pd.DataFrame:
        """All rows that match, as a DataFrame indexed by key."""
        shown = self._names(names)
        return self.to_frame(self.rows(query, shown), shown)

    def rows(
        self,
        query: Query | None = None,
        names: Iterable[str] | None = None,
        *,
        where: Iterable[sa.ColumnElement[bool]] = (),
        limit: int | None = None,
        offset: int = 0,
        also: Mapping[str, sa.ColumnElement[Any]] | None = None,
    ) -> list[Row]:
        """All rows that match, or `limit` of them, as inside values by field.

        `where` are further clauses; `also` further SQL by name, given as stored.
        """
        query, shown = query or Query(), self._names(names)
        window = self._window(query).where(*where)
        if limit is not None:
            window = window.limit(limit).offset(offset)
        with read(self.site.engine) as connection:
            return self._rows(connection, window, query, shown, also)

    def tally(self, where: Iterable[sa.ColumnElement[bool]] = ()) -> int:
        """Number of rows in reach for which the clauses hold."""
        counted = sa.select(sa.func.count()).select_from(self.table).where(*self._visible(), *where)
        with read(self.site.engine) as connection:
            return int(connection.execute(counted).scalar_one())

    def get(self, key: Any) -> Row:
        """Inside values of one row.

        Raises
        ------
        Denied
            When there is no such row, or not for this actor.
        """
        drafts = self.current([key])
        if key not in drafts:
            raise Denied(field=self.key)
        return drafts[key].before

    def _names(self, names: Iterable[str] | None) -> list[str]:
        readable = [name for name, f in self.fields.items() if name in self.expressions or f.fetch is not None]
        if names is None:
            return readable
        wanted = list(names)
        unknown = next((name for name in wanted if name not in readable), None)
        if unknown is not None:
            raise UserError("field_unknown", unknown, field=unknown)
        return list(dict.fromkeys(wanted))

    def _ordered(self, query: Query) -> list[sa.ColumnElement[Any]]:
        wanted = query if query.sort else query.copy(sort=list(self.default_sort))
        order = [e.desc() if down else e.asc() for e, down in wanted.order(self.expressions)]
        return [*order, self.key_column.asc()]

    def _window(self, query: Query) -> sa.Select[Any]:
        """The keys that match, in order."""
        return (
            sa.select(self.key_column.label("key"))
            .select_from(self.table)
            .where(*self.matching(query))
            .order_by(*self._ordered(query))
        )

    def _rows(
        self,
        connection: sa.Connection,
        window: sa.Select[Any],
        query: Query,
        names: list[str],
        also: Mapping[str, sa.ColumnElement[Any]] | None = None,
    ) -> list[Row]:
        expressions, names = self.expressions, list(dict.fromkeys([self.key, *names]))
        columns = [expressions[name].label(name) for name in names if name in expressions]
        columns += [expression.label(name) for name, expression in (also or {}).items()]
        inner = window.subquery("window")
        outer = sa.select(*columns).select_from(self.table).join(inner, inner.c.key == self.key_column)
        found = connection.execute(outer.order_by(*self._ordered(query))).mappings().all()
        return self._loaded(found, names, list(also or {}))

    def _loaded(self, found: Sequence[sa.RowMapping], names: list[str], also: list[str]) -> list[Row]:
        fields = self.fields
        rows = [{name: fields[name].load(row[name]) for name in names if name in row} for row in found]
        for row, stored in zip(rows, found, strict=True):
            row.update({name: stored[name] for name in also})
        for name in names:
            if fields[name].fetch is not None:
                values = fields[name].fetch(self, [row[self.key] for row in rows]) if rows else {}
                for row in rows:
                    row[name] = values.get(row[self.key], fields[name].missing)
        return rows

    def to_frame(self, rows: list[Row], names: list[str]) -> pd.DataFrame:
        """Frame of inside values with the fields' dtypes, indexed by key."""
        fields = self.fields
        keys = pd.Index([row[self.key] for row in rows], name=self.key, dtype=None if rows else "object")
        columns = {name: pd.Series([row[name] for row in rows], keys, fields[name].dtype) for name in names}
        return pd.DataFrame(columns, index=keys)

    # -- rows to write -------------------------------------------------------------------------------------------
    def keys(self, selection: Any) -> list[Any]:
        """Keys of a selection, in the actor's scope for a query; explicit keys are checked when they are read."""
        chosen = Selection.read(selection)
        if chosen.query is None:
            return list(chosen.keys)
        with read(self.site.engine) as connection:
            found = connection.execute(self._window(chosen.query)).scalars().all()
        excluded = set(chosen.exclude)
        return [key for key in found if key not in excluded]

    def current(self, keys: Sequence[Any], needed: Iterable[str] | None = None) -> dict[Any, Draft]:
        """Rows as they stand, by the key that was asked for; rows out of scope are missing.

        Plain fields are read as `plainly` says; computed and outside fields only when `needed` (None = all) or consulted
        by rules.
        """
        names, fields = self._read_for(needed), self.fields
        plain, computed = self._sources(names)
        raw = [column.name for column in self.table.columns]
        query = sa.select(*self.table.columns, *(e.label(f"computed__{name}") for name, e in computed.items()))
        asked = {identity: key for key in keys if (identity := self.identity(key)) is not None}
        found: dict[Any, Draft] = {}
        with read(self.site.engine) as connection:
            for chunk in chunks(list(asked), CHUNK):
                for row in connection.execute(query.where(self.key_column.in_(chunk), *self._visible())):
                    stored = dict(zip(raw, row, strict=False))
                    values = {name: stored[column] for name, column in plain.items()}
                    values.update(zip(computed, row[len(raw) :], strict=True))
                    before = {name: fields[name].load(values[name]) for name in names if name in values}
                    identity = self.identity(before[self.key])
                    if identity in asked:
                        found[asked[identity]] = Draft(before[self.key], {}, before, stored)
        self._fetch_into(list(found.values()), names)
        return found

    def _sources(self, names: Iterable[str]) -> tuple[dict[str, str], dict[str, sa.ColumnElement[Any]]]:
        """Where values of fields come from: columns of the table, read once, and what SQL computes."""
        plain: dict[str, str] = {}
        computed: dict[str, sa.ColumnElement[Any]] = {}
        for name in names:
            expression = self.expressions.get(name)
            if isinstance(expression, sa.Column) and expression.table is self.table:
                plain[name] = expression.name
            elif expression is not None:
                computed[name] = expression
        return plain, computed

    def _read_for(self, needed: Iterable[str] | None) -> list[str]:
        wanted = None if needed is None else {*needed, *self.consults, *(self.plainly or ()), self.key}
        return [
            name
            for name, f in self.fields.items()
            if not f.secret
            and (wanted is None or name in wanted or (self.plainly is None and f.sql is None and f.fetch is None))
        ]

    def _fetch_into(self, drafts: list[Draft], names: list[str]) -> None:
        for name in names:
            declared = self.fields[name]
            if declared.fetch is not None and drafts:
                values = declared.fetch(self, [draft.key for draft in drafts])
                for draft in drafts:
                    draft.before[name] = values.get(draft.key, declared.missing)

    def identity(self, key: Any) -> Any:
        """What tells rows apart, None for what can be no key: the database would find row 3 for "3@anything" and a name
        for the same with blanks behind or accents on it."""
        if isinstance(self.key_column.type, sa.Integer):
            text = str(key)
            return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
        return key.casefold() if isinstance(key, str) else key

    # -- verbs ---------------------------------------------------------------------------------------------------
    @property
    def verbs(self) -> list[Verb]:
        """Special verbs open to the actor."""
        return [verb for verb in self.special() if self.may(verb.name)]

    def special(self) -> list[Verb]:
        """Special verbs of the resource, for whoever may use them."""
        return []

    def run(self, verb: str, selection: Any = (), values: Mapping[str, Any] | None = None) -> Plan:
        """Plan of a special verb by name, its answers parsed by the record it asks for."""
        found = next((v for v in self.special() if v.name == verb), None)
        if found is None or not self.may(verb):
            raise Denied()
        chosen = Selection.read(selection)
        given = self._answers(found, values or {})
        if found.on == "one" and chosen.query is None and len(chosen.keys) != 1:
            raise UserError("nothing_selected")
        return found.run(chosen, given)

    @staticmethod
    def _answers(verb: Verb, values: Mapping[str, Any]) -> Row:
        if verb.asks is None:
            return {}
        problems: list[Problem] = []
        answers: Row = {}
        for name, declared in verb.asks.fields().items():
            try:
                answers[name] = declared.parse(values.get(name, declared.default))
            except UserError as error:
                problems += error.problems
        if problems:
            raise UserError.of(problems)
        return answers

    def plan(self, verb: str, label: str) -> Plan:
        """An empty plan of this resource, for an actor who may use the verb."""
        if not self.may(verb):
            raise Denied()
        return Plan(self.name, verb, label)

    # -- add -----------------------------------------------------------------------------------------------------
    def add(self, values: Mapping[str, Any]) -> Plan:
        """Plan of one new row.

        Raises
        ------
        UserError
            With every problem, each at its field.
        """
        return self.add_many([values]).require()

    def add_many(self, rows: Sequence[Mapping[str, Any]]) -> Plan:
        """Plan of many new rows; rows with problems are refused one by one."""
        plan = self.plan("add", "")
        drafts = [self._new(part, place) for place, row in enumerate(rows) for part in self.spread(row)]
        self.check_add(plan, drafts)
        good = self._sieve(plan, drafts)
        if good:
            self.write_add(plan, good)
        for draft in good:
            plan.succeed(self.added_key, self.title(draft), subject=str(draft.key))
            self._show_all(plan, draft)
        plan.label = self._headline("Add", good)
        return plan

    def spread(self, row: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """The rows that one given row means."""
        return [row]

    def complete(self, row: Mapping[str, str]) -> dict[str, str]:
        """A row of a file with what follows from its other cells, such as the parts of an address."""
        return dict(row)

    def defaults(self, values: Mapping[str, Any]) -> Row:
        """Values of fields that were not given; `values` is what was."""
        return {name: value for name, value in self.record.defaults().items() if value is not None}

    def _new(self, given: Mapping[str, Any], place: int | None = None) -> Draft:
        draft = Draft(None, {}, place=place)
        fields, given = self.record.fields(), _known(given)
        for name in given:
            if name not in fields or not fields[name].on_add:
                draft.fail("field_unknown" if name not in fields else "field_read_only", name, field=name)
        defaults = self.defaults(given)
        values = {**defaults, **given}
        for name, declared in fields.items():
            if declared.on_add and not any(p.field == name for p in draft.problems):
                self._parse_into(draft, declared, values.get(name))
        for name in given:
            if name in draft.values and not self.writable(name, adding=True):
                self._only_default(draft, fields[name], defaults.get(name))
        told = (str(value) for name, value in given.items() if value and name in fields and not fields[name].secret)
        draft.key = draft.values.get(self.key) or next(told, self.singular)
        return draft

    def _only_default(self, draft: Draft, declared: Field, default: Any) -> None:
        """A field the actor may not write can still be sent with the value it would get anyway."""
        if draft.values[str(declared.name)] != declared.parse(default):
            self._refuse_field(draft, declared)

    @staticmethod
    def _refuse_field(draft: Draft, declared: Field) -> None:
        if declared.acl:
            draft.fail("acl_needed", declared.acl, field=declared.name)
        else:
            draft.fail("field_read_only", declared.label, field=declared.name)

    @staticmethod
    def _parse_into(draft: Draft, declared: Field, raw: Any) -> None:
        try:
            draft.values[str(declared.name)] = declared.parse(raw)
        except UserError as error:
            draft.problems += error.problems

    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        """Rules for new rows; sets `draft.key` where it follows from other fields."""

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        """Writes of new rows.  The default inserts the plain columns."""
        for draft in drafts:
            columns = self.plain(draft.values)
            plan.insert(self.table.name, {self.key: columns.pop(self.key, draft.key)}, columns, str(draft.key))

    def plain(self, values: Mapping[str, Any]) -> Row:
        """Stored values of the fields that are plain columns of the table."""
        fields = self.record.fields()
        stored = {}
        for name, value in values.items():
            path = fields[name].path
            if path is not None and fields[name].sql is None and fields[name].fetch is None:
                stored[path] = fields[name].store(value)
        return stored

    # -- edit ----------------------------------------------------------------------------------------------------
    def edit(
        self, selection: Any, changes: Mapping[str, Any], seen: Mapping[Any, Mapping[str, Any]] | None = None
    ) -> Plan:
        """Plan of the same change to every selected row."""
        return self.edit_rows(dict.fromkeys(self.keys(selection), changes), seen)

    def edit_rows(
        self, rows: Mapping[Any, Mapping[str, Any]], seen: Mapping[Any, Mapping[str, Any]] | None = None
    ) -> Plan:
        """Plan of a change per row: {key: {field: new}}.

        `seen` are the values the person looked at; a row that has others by now is refused as a conflict.
        """
        plan = self.plan("edit", "")
        drafts = self._edited(plan, rows, seen or {})
        self.check_edit(plan, drafts)
        good = self._sieve(plan, drafts)
        if good:
            self.write_edit(plan, good)
        for draft in good:
            plan.succeed(self.modified_key, self.title(draft), subject=str(draft.key))
            self._show_all(plan, draft)
        plan.label = self._headline("Edit", good)
        return plan

    def _edited(self, plan: Plan, rows: Mapping[Any, Mapping[str, Any]], seen: Mapping[Any, Any]) -> list[Draft]:
        needed = {name for given in (*rows.values(), *seen.values()) for name in given}
        current = self.current(list(rows), needed)
        parsed: dict[str, tuple[Row, list[Problem]]] = {}
        drafts = []
        for key, changes in rows.items():
            if key not in current:
                plan.refuse(str(key), Problem("access_denied", (), self.key))
                continue
            draft = current[key]
            signature = repr(sorted(changes.items(), key=str))
            if signature not in parsed:
                parsed[signature] = self._parsed(changes)
            self._compare(draft, *parsed[signature])
            self._compare_seen(draft, seen.get(key, {}))
            if draft.values or draft.problems:
                drafts.append(draft)
        return drafts

    def _parsed(self, changes: Mapping[str, Any]) -> tuple[Row, list[Problem]]:
        draft = Draft(None, {})
        fields = self.record.fields()
        for name, raw in _known(changes).items():
            if name not in fields:
                draft.fail("field_unknown", name, field=name)
            elif not self.writable(name):
                self._refuse_field(draft, fields[name])
            else:
                self._parse_into(draft, fields[name], raw)
        return draft.values, draft.problems

    def _compare(self, draft: Draft, values: Row, problems: list[Problem]) -> None:
        fields = self.record.fields()
        for name, value in values.items():
            if fields[name].secret:
                if value:
                    draft.values[name] = value
            elif draft.before.get(name) != value:
                draft.values[name] = value
        draft.problems += problems

    def _compare_seen(self, draft: Draft, seen: Mapping[str, Any]) -> None:
        fields = self.record.fields()
        for name, value in _known(seen).items():
            now = draft.before.get(name)
            if name in fields and not fields[name].secret and now != value:
                draft.fail("row_changed", str(draft.key), fields[name].label, fields[name].show(now), field=name)

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        """Rules for changed rows."""

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        """Writes of changed rows.  The default updates the plain columns."""
        for draft in drafts:
            self.write_plain(plan, draft)

    def write_plain(self, plan: Plan, draft: Draft) -> None:
        """Update the changed plain columns of a row."""
        after = self.plain(draft.values)
        before = {name: _cell(draft.raw, name) for name in after}
        plan.write(self.table.name, self.row_key(draft), before, after, str(draft.key))

    def row_key(self, draft: Draft) -> Row:
        """Columns that identify the row in the table."""
        return {self.key: draft.raw[self.key]}

    # -- delete --------------------------------------------------------------------------------------------------
    def delete(self, selection: Any) -> Plan:
        """Plan that deletes the selected rows, with its blast radius."""
        plan = self.plan("delete", "")
        keys = self.keys(selection)
        current = self.current(keys, ())
        for key in keys:
            if key not in current:
                plan.refuse(str(key), Problem("access_denied", (), self.key))
        drafts = list(current.values())
        self.check_delete(plan, drafts)
        good = self._sieve(plan, drafts)
        if good:
            self.write_delete(plan, good)
        for draft in good:
            plan.succeed(self.removed_key, self.title(draft), subject=str(draft.key))
        plan.label = self._headline("Delete", good)
        return plan

    def check_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        """Rules for rows to be deleted."""

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        """Writes of deleted rows.  The default deletes the row itself."""
        for draft in drafts:
            plan.delete(self.table.name, self.row_key(draft), draft.raw, str(draft.key))

    # -- words ---------------------------------------------------------------------------------------------------
    def title(self, draft: Draft) -> str:
        """What people call the row."""
        return str(draft.key)

    def _headline(self, word: str, drafts: list[Draft]) -> str:
        if len(drafts) == 1:
            return f"{word} {self.singular} {self.title(drafts[0])}"
        return f"{word} {len(drafts)} {self.label.lower()}"

    def _sieve(self, plan: Plan, drafts: list[Draft]) -> list[Draft]:
        for draft in drafts:
            if not draft.ok:
                plan.refuse(str(draft.key), *draft.problems, place=draft.place)
        return [draft for draft in drafts if draft.ok]

    def _show_all(self, plan: Plan, draft: Draft) -> None:
        if len(plan.changes) >= SHOWN:
            return
        fields = self.record.fields()
        for name, value in draft.values.items():
            plan.change(str(draft.key), name, draft.before.get(name), value, fields.get(name))

    def one(self, plan: Plan) -> Plan:
        """The plan, when it refused nothing; `Conflict` when rows changed meanwhile."""
        moved = [o.problem for o in plan.refused if o.key == "row_changed"]
        if moved:
            raise Conflict.of(moved)
        return plan.require()


def _known(cells: Mapping[str, Any]) -> Row:
    """Cells of a frame or of JSON: whatever stands for "nothing" is None, a list is a tuple."""
    return {name: tuple(value) if isinstance(value, list) else _value(value) for name, value in cells.items()}


def _value(cell: Any) -> Any:
    nothing = cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)
    return None if nothing else cell


def _cell(row: Row, path: str) -> Any:
    base, _, key = path.partition(".")
    value = row.get(base)
    return (value or {}).get(key) if key else value
