"""Edits that were typed but not committed: parsed at once, kept by row key, so paging and sorting do not lose them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import param

from dashboards.grid.columns import Cell, cell, inside
from opslib.errors import UserError
from opslib.fields import Choice, Field


@dataclass(frozen=True, slots=True)
class Edit:
    """One staged cell: what was typed, its inside value, what the person saw, and what is wrong with it.

    `now` is the row's value when it moved on meanwhile (`moved`).
    """

    typed: Cell
    value: Any
    seen: Any
    problem: str = ""
    moved: bool = False
    now: Any = None


class Staged(param.Parameterized):
    """The staged edits of a grid."""

    version = param.Integer(default=0, doc="Goes up with every change.")

    def __init__(self, fields: Mapping[str, Field], **given: Any) -> None:
        super().__init__(**given)
        self.fields = fields
        self.rows: dict[Any, dict[str, Edit]] = {}

    # -- writing -------------------------------------------------------------------------------------------------
    def stage(self, key: Any, name: str, typed: Cell, seen: Any) -> Edit | None:
        """Stage what was typed; None when that is what stands there already (an earlier edit is withdrawn)."""
        edit = self._parsed(name, typed, self._seen(key, name, seen))
        if not edit.problem and edit.value == edit.seen:
            self.drop(key, name)
            return None
        self.rows.setdefault(key, {})[name] = edit
        self.version += 1
        return edit

    def _seen(self, key: Any, name: str, seen: Any) -> Any:
        earlier = self.rows.get(key, {}).get(name)
        return seen if earlier is None else earlier.seen

    def _parsed(self, name: str, typed: Cell, seen: Any) -> Edit:
        field = self.fields[name]
        try:
            return Edit(typed, self._choice(field, field.parse(typed)), seen)
        except UserError as error:
            return Edit(typed, None, seen, problem=str(error))

    @staticmethod
    def _choice(field: Field, value: Any) -> Any:
        """Choices that are looked up when asked for come back as text: keep a number a number."""
        numeric = (
            isinstance(field, Choice) and field.choices and callable(field.choices) and isinstance(field.default, int)
        )
        return int(value) if numeric and str(value).lstrip("-").isdecimal() else value

    def drop(self, key: Any, name: str | None = None) -> None:
        """Withdraw one edit, or all of a row."""
        row = self.rows.get(key, {})
        for gone in [name] if name else list(row):
            row.pop(gone, None)
        if not row:
            self.rows.pop(key, None)
        self.version += 1

    def clear(self) -> None:
        """Withdraw everything."""
        self.rows.clear()
        self.version += 1

    def compare(self, frame: pd.DataFrame) -> None:
        """Flag edits whose row shows another value by now than the person saw."""
        for key in set(self.rows) & set(frame.index):
            row = self.rows[key]
            for name in set(row) & set(frame.columns):
                now = inside(frame.at[key, name])
                row[name] = replace(row[name], moved=now != row[name].seen, now=now)
        self.version += 1

    def accept(self, current: Mapping[Any, Mapping[str, Any]]) -> None:
        """Take the present values as seen, keep what was typed: after a conflict was shown."""
        for key, values in current.items():
            for name, edit in list(self.rows.get(key, {}).items()):
                if name in values:
                    self.rows[key][name] = replace(edit, seen=values[name], moved=False, now=None)
                    if not edit.problem and edit.value == values[name]:
                        self.drop(key, name)
        self.version += 1

    # -- reading -------------------------------------------------------------------------------------------------
    def __iter__(self) -> Iterator[tuple[Any, str, Edit]]:
        for key, row in self.rows.items():
            for name, edit in row.items():
                yield key, name, edit

    @property
    def count(self) -> int:
        return sum(len(row) for row in self.rows.values())

    @property
    def problems(self) -> list[tuple[Any, str, Edit]]:
        """Edits that must be mended first."""
        return [entry for entry in self if entry[2].problem]

    @property
    def sentence(self) -> str:
        """How much is staged, in words."""
        if not self.rows:
            return ""
        edits, rows = self.count, len(self.rows)
        words = f"{edits} change{'s' * (edits != 1)} in {rows} row{'s' * (rows != 1)}"
        bad, moved = len(self.problems), sum(edit.moved for *_, edit in self)
        words += f", {bad} to be mended" if bad else ""
        return words + (f", {moved} changed by someone else meanwhile" if moved else "")

    def changes(self) -> tuple[dict[Any, dict[str, Any]], dict[Any, dict[str, Any]]]:
        """(new values, seen values) by key and field, as `Resource.edit_rows` takes them; without unmended edits."""
        new: dict[Any, dict[str, Any]] = {}
        seen: dict[Any, dict[str, Any]] = {}
        for key, name, edit in self:
            if not edit.problem:
                new.setdefault(key, {})[name] = edit.value
                seen.setdefault(key, {})[name] = edit.seen
        return new, seen

    def marks(self, frame: pd.DataFrame) -> dict[Any, dict[str, dict[str, Any]]]:
        """Marks of the visible rows for `Table.marks`."""
        found: dict[Any, dict[str, dict[str, Any]]] = {}
        for key in frame.index:
            for name, edit in self.rows.get(key, {}).items():
                if name in frame.columns:
                    found.setdefault(key, {})[name] = self._mark(self.fields[name], edit)
        return found

    @staticmethod
    def _mark(field: Field, edit: Edit) -> dict[str, Any]:
        if edit.problem:
            return {"kind": "invalid", "text": edit.typed, "typed": edit.typed, "tip": edit.problem}
        was = f"was: {field.show(edit.seen) or 'empty'}"
        if edit.moved:
            return {
                "kind": "moved",
                "text": cell(field, edit.value),
                "tip": f"{was}; by now: {field.show(edit.now) or 'empty'}",
            }
        return {"kind": "staged", "text": cell(field, edit.value), "tip": was}
