"""A plan is everything a verb would do, before it is done: shown, joined, serialised, committed.

Steps of a plan, in the order they are carried out by `opslib.commit`:
guards that lock · row writes and purges · derived tables · guards that check the result · journal and outbox ·
(after the commit) effects on the key-value store and the host.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any, Literal, Self

import pandas as pd

from opslib.errors import Problem, UserError
from opslib.fields import Field

Row = dict[str, Any]
Status = Literal["success", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class RowWrite:
    """One row: insert (`before` None), delete (`after` None), or update of just the columns named in both images.

    Names are columns, or `column.key` for a key of a JSON column.  `key` finds the row; after an update that changes a
    key column the row is found by `key_after`.
    """

    table: str
    key: Row
    before: Row | None
    after: Row | None
    subject: str = ""

    @property
    def key_after(self) -> Row:
        """Key of the row once written."""
        return {name: (self.after or {}).get(name, value) for name, value in self.key.items()}

    @property
    def reversed(self) -> RowWrite:
        """The write that undoes this one."""
        return replace(self, key=self.key_after, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class Purge:
    """Delete rows of `table` whose `column` is one of `values`; no images are kept, an undo brings none back."""

    table: str
    column: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Derive:
    """Recompute derived rows in the same transaction, by registered name (`opslib.registry.derivation`)."""

    name: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition checked inside the transaction, by registered name (`opslib.registry.guard`)."""

    name: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """Something outside the database, done after the commit and safe to repeat.

    kind "keyvalue": verb hset (args key, fields={}), hdel (key, fields=[]), set, delete, publish.
    kind "host": verb and args of `opslib.host.base.Host.do`.
    kind "task": a registered task (`opslib.registry.task`) and its args, for results that must not be kept here.
    `undo` is the effect that takes it back; None when there is none.
    """

    kind: Literal["keyvalue", "host", "task"]
    verb: str
    args: Row
    label: str
    undo: Effect | None = None
    subject: str = ""

    def to_dict(self) -> Row:
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Row) -> Self:
        undo = given.get("undo")
        back = cls.from_dict(undo) if undo else None
        return cls(given["kind"], given["verb"], given["args"], given["label"], back, given.get("subject", ""))


@dataclass(frozen=True, slots=True)
class Blast:
    """What else goes or changes: how many of what."""

    count: int
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of the preview, inside values."""

    subject: str
    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result for one item: status, the contract's message key with arguments, the item, and its place among new rows."""

    status: Status
    key: str
    args: tuple[Any, ...] = ()
    subject: str = ""
    field: str | None = None
    place: int | None = None

    @property
    def text(self) -> str:
        return Problem(self.key, self.args).text

    @property
    def problem(self) -> Problem:
        return Problem(self.key, self.args, self.field)


@dataclass(repr=False)
class Plan:
    """What a verb would do.  Nothing in it has been written."""

    resource: str
    verb: str
    label: str
    writes: list[RowWrite | Purge] = field(default_factory=list)
    derived: list[Derive] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    locks: list[Guard] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    undo_guards: list[Guard] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    blast: list[Blast] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    final: list[str] = field(default_factory=list)
    domains: set[str] = field(default_factory=set)
    generated: dict[str, str] = field(default_factory=dict, repr=False)
    undoes: int | None = None
    note: str = ""

    # -- building ------------------------------------------------------------------------------------------------
    def write(self, table: str, key: Row, before: Row | None, after: Row | None, subject: str = "") -> None:
        """Add one row write; an update that changes nothing is left out."""
        if before is not None and after is not None:
            after = {name: value for name, value in after.items() if name not in before or before[name] != value}
            before = {name: before.get(name) for name in after}
            if not after:
                return
        self.writes.append(RowWrite(table, key, before, after, subject))

    def insert(self, table: str, key: Row, values: Row, subject: str = "") -> None:
        """Add a new row; `key` are its identifying columns, `values` the others."""
        self.write(table, key, None, {**key, **values}, subject)

    def delete(self, table: str, key: Row, before: Row, subject: str = "") -> None:
        """Delete a row whose full image is `before`."""
        self.write(table, key, before, None, subject)

    def purge(self, table: str, column: str, values: Iterable[Any]) -> None:
        """Delete rows without keeping images."""
        found = tuple(values)
        if found:
            self.writes.append(Purge(table, column, found))

    def derive(self, name: str, *args: Any) -> None:
        """Recompute derived rows; asked twice it is done once."""
        self._once(self.derived, Derive(name, args))

    def lock(self, name: str, *args: Any) -> None:
        """Take a lock before anything is read or written."""
        self._once(self.locks, Guard(name, args))

    def guard(self, name: str, *args: Any) -> None:
        """Check the result before the commit."""
        self._once(self.guards, Guard(name, args))

    @staticmethod
    def _once(steps: list[Any], step: Any) -> None:
        if step not in steps:
            steps.append(step)

    def effect(
        self, kind: Any, verb: str, label: str, *, undo: Effect | None = None, subject: str = "", **args: Any
    ) -> None:
        """Add an effect outside the database."""
        self.effects.append(Effect(kind, verb, args, label, undo, subject))

    def warn(self, key: str, *args: Any, field: str | None = None) -> None:
        """Say something the person should know before committing."""
        problem = Problem(key, args, field)
        if problem not in self.warnings:
            self.warnings.append(problem)

    def succeed(self, key: str, *args: Any, subject: str = "") -> None:
        self.outcomes.append(Outcome("success", key, args, subject))

    def refuse(self, subject: str, *problems: Problem, place: int | None = None) -> None:
        """Leave an item out, and say why."""
        self.outcomes += [Outcome("danger", p.key, p.args, subject, p.field, place) for p in problems]

    def change(self, subject: str, name: str, before: Any, after: Any, declared: Field | None = None) -> None:
        """Show one cell in the preview; secrets only as "changed"."""
        if declared is not None and declared.secret:
            before, after = None, "changed"
        self.changes.append(Change(subject, name, before, after))

    # -- reading -------------------------------------------------------------------------------------------------
    @property
    def refused(self) -> list[Outcome]:
        """Items that would be left out."""
        return [outcome for outcome in self.outcomes if outcome.status == "danger"]

    @property
    def irrevocable(self) -> list[Effect]:
        """Effects that no undo takes back."""
        return [effect for effect in self.effects if effect.undo is None]

    @property
    def count(self) -> int:
        """How many items the plan affects."""
        return len({o.subject for o in self.outcomes if o.status == "success" and o.subject})

    @property
    def empty(self) -> bool:
        """Whether committing would do nothing at all."""
        return not (self.writes or self.derived or self.effects)

    def require(self) -> Self:
        """The plan itself, when nothing in it was refused.

        Raises
        ------
        UserError
            With every problem of every refused item.
        """
        if self.refused:
            raise UserError.of(outcome.problem for outcome in self.refused)
        return self

    def join(self, *others: Plan) -> Self:
        """This plan followed by others: one commit for all of them."""
        for other in others:
            for name in ("writes", "effects", "blast", "outcomes", "changes", "final"):
                getattr(self, name).extend(getattr(other, name))
            for name in ("derived", "locks", "guards", "undo_guards", "warnings"):
                for step in getattr(other, name):
                    self._once(getattr(self, name), step)
            self.domains |= other.domains
            self.generated.update(other.generated)
        return self

    def __repr__(self) -> str:
        return f"<Plan: {'; '.join(islice(self.sentences(), 8))}>"

    def preview(self) -> pd.DataFrame:
        """The changed cells as a frame: subject, field, before, after."""
        cells = [(change.subject, change.field, change.before, change.after) for change in self.changes]
        return pd.DataFrame(cells, columns=["subject", "field", "before", "after"], dtype="object")

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.sentences())
        table: str = self.preview().head(100).to_html(index=False, escape=True) if self.changes else ""
        return f"<ul>{lines}</ul>{table}"

    def sentences(self) -> Iterator[str]:
        """The plan in words: what, how many, what else, what to mind."""
        yield f"{self.label} ({self.count})" if self.count > 1 else self.label
        yield from (f"{blast.count} {blast.what}" for blast in self.blast if blast.count)
        yield from (problem.text for problem in self.warnings)
        yield from (effect.label for effect in self.effects)
        yield from (f"{outcome.subject}: {outcome.text}" for outcome in self.refused)
