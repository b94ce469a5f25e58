"""The dry run: a verdict on every row, as a frame; cells can be mended and their row judged again."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pandas as pd

from opslib.csvfile import state
from opslib.csvfile.guess import Guess, guess
from opslib.csvfile.judging import KINDS, Judge, Kind, Verdict
from opslib.csvfile.mapping import by_hand, importable, units
from opslib.csvfile.options import Options, Passwords, template
from opslib.csvfile.reading import Line, Table, read
from opslib.csvfile.source import Source
from opslib.errors import Denied, Problem, UserError
from opslib.resource import Resource

HIDDEN = "•••"


@dataclass(repr=False)
class Diff:
    """What an import would do, row by row; rows are known by their line in the file.

    `columns`: field of each column by place; `resumed`: the import that was interrupted, None for a new one.
    """

    resource: Resource
    source: Source
    guess: Guess
    table: Table
    columns: dict[int, str]
    options: Options
    judge: Judge = field(repr=False)
    digest: str = ""
    resumed: state.Begun | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    mended: dict[int, dict[str, str]] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)

    # -- reading -------------------------------------------------------------------------------------------------
    @property
    def counts(self) -> dict[Kind, int]:
        """Number of rows by verdict."""
        found = Counter(verdict.kind for verdict in self.verdicts)
        return {kind: found[kind] for kind in KINDS}

    @property
    def names(self) -> list[str]:
        """Fields that have a column."""
        return list(self.columns.values())

    def lines(self, kind: Kind | None = None) -> list[int]:
        """Lines of the rows, or of those with a verdict."""
        rows = zip(self.table.rows, self.verdicts, strict=True)
        return [line.number for line, verdict in rows if kind in (None, verdict.kind)]

    def verdict(self, line: int) -> Verdict:
        """Verdict on the row that begins at a line.

        Raises
        ------
        UserError
            When no row begins there.
        """
        return self.verdicts[self._place(line)]

    def texts(self, line: int) -> dict[str, str]:
        """Texts of a row by field, secrets hidden."""
        return self._shown(self._place(line))

    def reasons(self, line: int) -> list[tuple[str, str]]:
        """Why a row is not taken: (field, sentence); "" is the whole row."""
        return [(problem.field or "", problem.text) for problem in self.verdict(line).problems]

    def changes(self, line: int) -> list[tuple[str, str, str]]:
        """Of a changing row: (field, text now, text in the file)."""
        verdict = self.verdict(line)
        found = []
        for name, text in self.judge.changes(verdict).items() if verdict.kind == "change" else ():
            declared = self.judge.fields_of(name)
            pair = ("", HIDDEN) if declared.secret else (declared.dump(verdict.seen.get(name)), text)
            found.append((name, *pair))
        return found

    @property
    def frame(self) -> pd.DataFrame:
        """One row per row of the file: verdict, subject, reasons, and the cells by field; indexed by line."""
        return self.page()

    def page(self, kind: Kind | None = None, start: int = 0, size: int | None = None) -> pd.DataFrame:
        """Some rows of the frame: those of a verdict, from the `start`-th on."""
        places = [n for n, verdict in enumerate(self.verdicts) if kind in (None, verdict.kind)]
        places = places[start : None if size is None else start + size]
        found: dict[str, list[str]] = {name: [] for name in ("verdict", "subject", "reasons", *self.names)}
        for place in places:
            verdict, shown = self.verdicts[place], self._shown(place)
            found["verdict"].append(verdict.kind)
            found["subject"].append(verdict.subject)
            found["reasons"].append(verdict.reasons)
            for name in self.names:
                found[name].append(shown.get(name, ""))
        index = pd.Index([self.table.rows[place].number for place in places], name="line", dtype="int64")
        return pd.DataFrame(found, index=index, dtype="object")

    def _shown(self, place: int) -> dict[str, str]:
        texts = self.given(place)
        return {n: (HIDDEN if t else "") if self.judge.fields[n].secret else t for n, t in texts.items()}

    def given(self, place: int) -> dict[str, str]:
        """Texts of a row by field, mended ones included; passwords are among them."""
        return {**self.judge.texts(self.table.rows[place]), **self.mended.get(place, {})}

    def _place(self, line: int) -> int:
        if not self.places:
            self.places.update({row.number: place for place, row in enumerate(self.table.rows)})
        if line not in self.places:
            raise UserError("csv_no_line", line)
        return self.places[line]

    # -- mending -------------------------------------------------------------------------------------------------
    def fix(self, line: int, name: str, text: str) -> Verdict:
        """Put another text into a cell and judge its row again; gives the new verdict.

        Raises
        ------
        UserError
            When there is no such row or column, or the row itself could not be read.
        """
        place = self._place(line)
        row = self.table.rows[place]
        if name not in self.names:
            raise UserError("field_unknown", name, field=name)
        if row.problem is not None and len(row.cells) == 0:
            raise UserError.of([row.problem])
        self.mended.setdefault(place, {})[name] = text
        self.judge.firsts = {one: first for one, first in self.judge.firsts.items() if first[0] != place}
        mended = Line(row.number, row.cells)
        self.verdicts[place] = self.judge.judge({place: (mended, self.given(place))})[place]
        return self.verdicts[place]

    def check(self) -> Diff:
        """Judge every row."""
        self.judge.firsts.clear()
        self.judge.warnings.clear()
        rows = {
            place: (Line(line.number, line.cells) if place in self.mended else line, self.given(place))
            for place, line in enumerate(self.table.rows)
        }
        found = self.judge.judge(rows)
        self.verdicts = [found[place] for place in range(len(self.table.rows))]
        return self

    # -- words ---------------------------------------------------------------------------------------------------
    def sentences(self) -> Iterator[str]:
        """The diff in words."""
        label = self.resource.label.lower()
        counts = self.counts
        yield f"{self.source.name}: {len(self.verdicts):,} rows of {label}."
        yield (
            f"{counts['add']:,} to add, {counts['change']:,} to change, {counts['unchanged']:,} unchanged, "
            f"{counts['reject']:,} not taken."
        )
        if self.resumed is not None:
            yield f"Import {self.resumed.id} was interrupted after row {self.resumed.done:,}; it goes on from there."
        yield from (problem.text for problem in [*self.notes, *self.judge.warnings])

    def __repr__(self) -> str:
        return f"<Diff: {' '.join(self.sentences())}>"

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.sentences())
        table: str = self.page(size=100).to_html(escape=True)
        return f"<ul>{lines}</ul>{table}"


def dry_run(
    resource: Resource,
    file: Any,
    *,
    columns: Mapping[str, str] | None = None,
    update: bool = False,
    clear: bool = False,
    use_template: str = "",
    passwords: Passwords = "keep",
    given: Guess | None = None,
    **how: Any,
) -> Diff:
    """What importing a file would do; nothing is written.

    `file`: a path, bytes or a `Source` · `columns`: {column: field} where the names do not tell, "" leaves one out ·
    `use_template`: name of a template for new rows · `how`: `encoding`, `delimiter`, `header` where the guess is wrong.

    >>> diff = dry_run(ops.mailboxes, "staff.csv", update=True); diff.counts   # doctest: +SKIP

    Raises
    ------
    UserError
        When the file cannot be read as a table, or nothing can be imported into this resource.
    """
    if not (resource.may("add") or resource.may("edit")):
        raise Denied()
    source = Source.of(file)
    how = {name: value for name, value in how.items() if value is not None}
    read_as = given if given is not None and not how else guess(source, resource, **how)
    table = read(source, read_as.encoding, read_as.delimiter, read_as.header)
    fixed = template(resource, use_template) if use_template else {}
    options = Options(update, clear, passwords, fixed)
    return _diff(resource, source, read_as, table, by_hand(resource, table.columns, columns or {}), options).check()


def _diff(
    resource: Resource, source: Source, read_as: Guess, table: Table, columns: dict[int, str], options: Options
) -> Diff:
    fields = importable(resource)
    judge = Judge(resource, columns, fields, options, units(table.columns, columns, fields))
    diff = Diff(resource, source, read_as, table, columns, options, judge)
    diff.digest = _digest(diff)
    diff.resumed = state.unfinished(resource.site, resource.actor, diff.digest)
    judge.done_before = diff.resumed.done - 1 if diff.resumed else -1
    diff.notes = _notes(diff)
    return diff


def _digest(diff: Diff) -> str:
    """Of the file and how it is read: the same again is the same import."""
    how = {
        "resource": diff.resource.name,
        "guess": [diff.guess.encoding, diff.guess.delimiter, diff.guess.header],
        "columns": sorted(diff.columns.items()),
        "options": [
            diff.options.update,
            diff.options.clear,
            diff.options.passwords,
            sorted(diff.options.fixed.items()),
        ],
    }
    return sha256(f"{diff.source.digest()}{json.dumps(how)}".encode()).hexdigest()


def _notes(diff: Diff) -> list[Problem]:
    left = [name for place, name in enumerate(diff.table.columns) if place not in diff.columns and name]
    found = [Problem("csv_columns_left", (", ".join(left[:20]),))] if left else []
    if diff.table.twice:
        found.append(Problem("csv_columns_twice", (", ".join(diff.table.twice[:20]),)))
    if not diff.columns:
        found.append(Problem("csv_no_columns", ()))
    return found
