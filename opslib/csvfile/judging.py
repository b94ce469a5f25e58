"""The verdict on every row of a file: it adds, changes, leaves as it is, or cannot be taken.

Nothing is decided here that the resource decides: new rows go through `add_many`, changed ones through `edit_rows`, and
what these refuse is told at the row and cell.  Clear passwords are judged but not hashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from opslib import passwords
from opslib.csvfile import matching
from opslib.csvfile.cells import restored
from opslib.csvfile.options import Options
from opslib.csvfile.reading import Line
from opslib.errors import Denied, Problem, UserError
from opslib.fields import Field
from opslib.plan import Plan
from opslib.resource import Draft, Resource
from opslib.resources.passwording import GENERATE, hashed_by

Kind = Literal["add", "change", "unchanged", "reject"]
KINDS: tuple[Kind, ...] = ("add", "change", "unchanged", "reject")
WORDS_FOR_GENERATE = frozenset({GENERATE, "generate"})


@dataclass(slots=True)
class Verdict:
    """What happens with a row.  `values`: texts by field, for a change only of the fields that differ; `seen`: inside
    values of these now; `key`: the row that exists."""

    kind: Kind
    subject: str = ""
    problems: tuple[Problem, ...] = ()
    values: dict[str, str] = field(default_factory=dict, repr=False)
    seen: dict[str, Any] = field(default_factory=dict, repr=False)
    key: Any = None

    @property
    def reasons(self) -> str:
        """Why, in sentences."""
        return " ".join(dict.fromkeys(problem.text for problem in self.problems))


def reject(problems: Iterable[Problem], subject: str = "", values: dict[str, str] | None = None) -> Verdict:
    """A row that cannot be taken."""
    return Verdict("reject", subject, tuple(problems), values or {})


def unhashed(clear: Sequence[str], scheme: str) -> list[str]:
    """Stands in for hashing where only a verdict is asked for."""
    return [passwords.DUMMY] * len(clear)


class Judge:
    """Judges rows for one resource, one mapping of columns and one set of options.

    `fields`: what the columns are, by place; `units`: of bare numbers, by field.
    """

    def __init__(
        self, resource: Resource, columns: Mapping[int, str], fields: Mapping[str, Field], options: Options, units: Any
    ) -> None:
        self.resource, self.columns, self.fields = resource, columns, fields
        self.options, self.units = options, units
        self.firsts: dict[matching.Identity, tuple[int, int]] = {}
        self.warnings: list[Problem] = []
        self.done_before = -1
        self._late = {n for n, f in resource.record.fields().items() if f.on_edit and not f.on_add}
        self._labels = {name: self._label_keys(name) for name in columns.values() if callable(fields[name].choices)}

    def _label_keys(self, name: str) -> dict[str, str]:
        """Texts of a choice by its label, for labels that are no keys themselves."""
        options = self.resource.choices(name)
        keys = {str(key).casefold() for key in options}
        return {str(v).casefold(): str(k) for k, v in options.items() if str(v).casefold() not in keys}

    # -- texts ---------------------------------------------------------------------------------------------------
    def texts(self, line: Line) -> dict[str, str]:
        """Text of every mapped column of a row."""
        return {name: self._text(name, line.cells[n]) for n, name in self.columns.items() if n < len(line.cells)}

    def _text(self, name: str, cell: str) -> str:
        if self.fields[name].secret:
            return GENERATE if cell.strip().lower() in WORDS_FOR_GENERATE else cell
        text = restored(cell)
        if name in self.units and text.strip().replace(".", "", 1).replace(",", "", 1).isdecimal():
            text = f"{text.strip()} {self.units[name]}"
        return self._labels.get(name, {}).get(text.strip().casefold(), text)

    # -- verdicts ------------------------------------------------------------------------------------------------
    def judge(self, rows: Mapping[int, tuple[Line, dict[str, str]]]) -> dict[int, Verdict]:
        """Verdict of each row by its place in the file; `rows` are the lines and the texts of their cells."""
        found: dict[int, Verdict] = {}
        given: dict[int, dict[str, str]] = {}
        known: dict[int, matching.Identity | None] = {}
        for place, (line, texts) in rows.items():
            try:
                given[place], known[place] = self._settle(place, line, texts)
            except UserError as error:
                found[place] = reject(error.problems, self._name(texts), texts)
        keys = self._keys(known, given, found)
        fresh = {place: values for place, values in given.items() if place not in keys and place not in found}
        with hashed_by(unhashed):
            found |= self._judge_new(fresh)
            found |= self._judge_known({place: (keys[place], given[place]) for place in keys})
        return found

    def _settle(self, place: int, line: Line, texts: dict[str, str]) -> tuple[dict[str, str], matching.Identity | None]:
        if line.problem is not None:
            raise UserError.of([line.problem])
        values = self.resource.complete(texts)
        known = matching.identity(self.resource, values)
        if known is not None and self.firsts.setdefault(known, (place, line.number))[0] != place:
            raise UserError("csv_twice", self.firsts[known][1], field=matching.natural(self.resource)[0])
        return values, known

    def _keys(
        self,
        known: Mapping[int, matching.Identity | None],
        given: Mapping[int, dict[str, str]],
        found: dict[int, Verdict],
    ) -> dict[int, Any]:
        """Key of the row that each row means, where there is one."""
        wanted = {one for one in known.values() if one is not None}
        standing = matching.existing(self.resource, wanted) if wanted else {}
        keys = {}
        for place, one in known.items():
            if one in standing:
                try:
                    keys[place] = matching.chosen(self.resource, standing[one], given[place])
                except UserError as error:
                    found[place] = reject(error.problems, self._name(given[place]), given[place])
        return keys

    def _name(self, values: Mapping[str, str]) -> str:
        """What people call a row."""
        names = [*matching.natural(self.resource), *values]
        return next((values[n] for n in names if values.get(n) and n in self.fields and not self.fields[n].secret), "")

    # -- new rows ------------------------------------------------------------------------------------------------
    def new_values(self, values: Mapping[str, str]) -> dict[str, str]:
        """What `add` is given: cells that are not empty, fixed values, and a password to be made where none is given."""
        declared = self.resource.record.fields()
        kept = {n: t for n, t in values.items() if t.strip() and n in declared and declared[n].on_add}
        if self.options.passwords == "generate":
            secret = (n for n, f in declared.items() if f.secret and f.on_add)
            kept = {**dict.fromkeys(secret, GENERATE), **kept}
        return {**self.options.fixed, **kept}

    def late_values(self, values: Mapping[str, str]) -> dict[str, str]:
        """What only a row that exists can be given."""
        return {n: t for n, t in values.items() if n in self._late and t.strip()}

    def _judge_new(self, rows: Mapping[int, dict[str, str]]) -> dict[int, Verdict]:
        if not rows:
            return {}
        places = list(rows)
        try:
            plan = self.resource.add_many([self.new_values(rows[place]) for place in places])
        except Denied as error:
            return {place: reject(error.problems, self._name(rows[place]), rows[place]) for place in places}
        self._warn(plan)
        refused: dict[int, list[Problem]] = {}
        for outcome in plan.refused:
            if outcome.place is not None:
                refused.setdefault(places[outcome.place], []).append(outcome.problem)
        return {place: self._new_verdict(rows[place], refused.get(place)) for place in places}

    def _new_verdict(self, values: dict[str, str], problems: list[Problem] | None) -> Verdict:
        late = self.late_values(values)
        problems = [*(problems or []), *self._unreadable(late)]
        subject = self._name(values)
        return reject(problems, subject, values) if problems else Verdict("add", subject, (), values)

    def _unreadable(self, values: Mapping[str, str]) -> list[Problem]:
        found: list[Problem] = []
        for name, text in values.items():
            try:
                self.resource.record.fields()[name].parse(text)
            except UserError as error:
                found += error.problems
        return found

    # -- rows that exist -----------------------------------------------------------------------------------------
    def _judge_known(self, rows: Mapping[int, tuple[Any, dict[str, str]]]) -> dict[int, Verdict]:
        if not rows:
            return {}
        names = {name for name in self.columns.values() if not self.fields[name].secret}
        names |= {n for n in next(iter(rows.values()))[1] if n in self.resource.fields}
        drafts = self.resource.current([key for key, _ in rows.values()], names)
        found = {
            place: self._compared(place, drafts[key], values) for place, (key, values) in rows.items() if key in drafts
        }
        gone = [place for place in rows if place not in found]
        found |= {
            place: reject([Problem("access_denied")], self._name(rows[place][1]), rows[place][1]) for place in gone
        }
        return found | self._checked({p: v for p, v in found.items() if v.kind == "change"})

    def _compared(self, place: int, draft: Draft, values: dict[str, str]) -> Verdict:
        subject = self._name(values)
        if place <= self.done_before:
            return Verdict("unchanged", subject, (Problem("csv_done_before"),), values, key=draft.key)
        differs, problems = self._differences(draft, values)
        if problems:
            return reject(problems, subject, values)
        if not differs:
            return Verdict("unchanged", subject, (), values, key=draft.key)
        if not self.options.update:
            return reject([Problem("csv_exists", (subject,))], subject, values)
        seen = {name: draft.before.get(name) for name in differs if not self.fields_of(name).secret}
        return Verdict("change", subject, (), {**values, **differs}, seen, draft.key)

    def fields_of(self, name: str) -> Field:
        """A field as it is read here."""
        return self.resource.fields.get(name) or self.resource.record.fields()[name]

    def _differences(self, draft: Draft, values: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
        differs: dict[str, str] = {}
        problems: list[Problem] = []
        for name, text in values.items():
            if name not in self.resource.record.fields() or (not text.strip() and not self.options.clear):
                continue
            declared = self.fields_of(name)
            if not (declared.on_add or declared.on_edit) or not self._differs(declared, draft, text):
                continue
            if declared.on_edit:
                differs[name] = text
            elif name in draft.before:
                problems.append(Problem("field_read_only", (declared.label,), name))
        return differs, problems

    @staticmethod
    def _differs(declared: Field, draft: Draft, text: str) -> bool:
        name = str(declared.name)
        if declared.secret:
            return bool(text) and not (declared.hashed and draft.raw.get(declared.hashed) == text)
        if name not in draft.before or declared.dump(draft.before[name]) == text:
            return name not in draft.before and declared.on_edit
        try:
            return bool(declared.parse(text) != draft.before[name])
        except UserError:
            return True

    def changes(self, verdict: Verdict) -> dict[str, str]:
        """Of a changing row the texts that differ."""
        secrets = {n for n, t in verdict.values.items() if t and n in self.fields and self.fields[n].secret}
        return {n: t for n, t in verdict.values.items() if n in verdict.seen or n in secrets}

    def _checked(self, rows: Mapping[int, Verdict]) -> dict[int, Verdict]:
        """Changes as the resource judges them."""
        if not rows:
            return {}
        changes = {verdict.key: self.changes(verdict) for verdict in rows.values()}
        try:
            plan = self.resource.edit_rows(changes)
        except Denied as error:
            return {place: reject(error.problems, v.subject, v.values) for place, v in rows.items()}
        self._warn(plan)
        refused: dict[str, list[Problem]] = {}
        for outcome in plan.refused:
            refused.setdefault(outcome.subject, []).append(outcome.problem)
        return {
            place: reject(refused[str(v.key)], v.subject, v.values)
            for place, v in rows.items()
            if str(v.key) in refused
        }

    def _warn(self, plan: Plan) -> None:
        self.warnings += [problem for problem in plan.warnings if problem not in self.warnings]
