"""What an import did, and files of it: rows that were not taken, with the reasons; passwords that were made."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from opslib.csvfile.cells import harmless
from opslib.csvfile.export import open_private, piece
from opslib.errors import Problem
from opslib.outbox import Waiting

if TYPE_CHECKING:
    from opslib.csvfile.diff import Diff

REASON, LINE = "reason", "line"


@dataclass(repr=False)
class Report:
    """Counts, the changes in the journal, what still waits, and reasons by place of the rows that were not taken.

    `generated`: passwords that were made, unless they went to a file; they are nowhere else.
    """

    diff: Diff
    number: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejects: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    changes: list[int] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    generated: dict[str, str] = field(default_factory=dict)
    made: int = 0
    cancelled: bool = False

    def sentences(self) -> Iterator[str]:
        """The report in words."""
        yield (
            f"Import {self.number}: {self.added:,} added, {self.changed:,} changed, {self.unchanged:,} unchanged, "
            f"{len(self.rejects):,} not taken."
        )
        if self.cancelled:
            yield "It was cancelled; importing the same file again goes on from there."
        if self.made:
            yield f"Passwords made: {self.made:,}."
        if self.waiting:
            yield f"{len(self.waiting):,} effects still wait; see the outbox."
        if self.changes:
            yield f"Changes in the journal: {_ranges(self.changes)}."

    def __repr__(self) -> str:
        return f"<Report: {' '.join(self.sentences())}>"

    def rejects_text(self) -> Iterator[str]:
        """The rows that were not taken as CSV, in pieces: the columns of the file, line and reason; secrets are empty."""
        return rejects_text(self.diff, self.rejects)

    def write_rejects(self, path: Path | str) -> Path:
        """Write the rows that were not taken to a file of mode 600, to be mended and imported again."""
        return write_rejects(self.diff, self.rejects, path)

    def results_text(self) -> str:
        """The passwords that were made as CSV."""
        return piece([self.columns, *self.generated.items()])

    @property
    def columns(self) -> list[str]:
        """Header of the passwords."""
        return [self.diff.resource.key, "password"]


def rejected(diff: Diff) -> dict[int, tuple[Problem, ...]]:
    """Reasons of the rows that a dry run does not take, by place."""
    return {place: verdict.problems for place, verdict in enumerate(diff.verdicts) if verdict.kind == "reject"}


def rejects_text(diff: Diff, rejects: Mapping[int, tuple[Problem, ...]]) -> Iterator[str]:
    """CSV of rows with their reasons, in pieces.  Columns that are fields have their names."""
    secrets = {place for place, name in diff.columns.items() if diff.judge.fields[name].secret}
    yield piece([[*(diff.columns.get(n, name) for n, name in enumerate(diff.table.columns)), LINE, REASON]])
    for place in sorted(rejects):
        line = diff.table.rows[place]
        texts = diff.given(place)
        cells = [
            "" if n in secrets else harmless(texts[diff.columns[n]]) if diff.columns.get(n) in texts else harmless(cell)
            for n, cell in enumerate(line.cells[: len(diff.table.columns)])
        ]
        cells += [""] * (len(diff.table.columns) - len(cells))
        reasons = " ".join(dict.fromkeys(_reason(diff, problem) for problem in rejects[place]))
        yield piece([[*(_writable(cell) for cell in cells), str(line.number), harmless(reasons)]])


def _reason(diff: Diff, problem: Problem) -> str:
    declared = diff.resource.record.fields().get(problem.field or "")
    return f"{declared.label}: {problem.text}" if declared is not None else problem.text


def _writable(cell: str) -> str:
    return cell.replace("\0", "")


def write_rejects(diff: Diff, rejects: Mapping[int, tuple[Problem, ...]], path: Path | str) -> Path:
    """Write rows with their reasons to a file of mode 600."""
    with open_private(path) as stream:
        stream.writelines(rejects_text(diff, rejects))
    return Path(path)


class Results:
    """The file of passwords that were made: written ahead of each commit, taken back when that fails."""

    def __init__(self, path: Path | str, columns: list[str]) -> None:
        self.path = Path(path)
        self.stream: io.TextIOWrapper = open_private(path, append=True)
        if self.path.stat().st_size == 0:
            self.stream.write(piece([columns]))
            self.stream.flush()

    def add(self, generated: Mapping[str, str]) -> int:
        """Append; gives the size before."""
        size = self.path.stat().st_size
        self.stream.write(piece(generated.items()))
        self.stream.flush()
        return size

    def take_back(self, size: int) -> None:
        """Cut the file to an earlier size."""
        self.stream.truncate(size)

    def close(self) -> None:
        """No more."""
        with contextlib.suppress(ValueError):
            self.stream.close()


def _ranges(numbers: list[int]) -> str:
    first, last = min(numbers), max(numbers)
    return str(first) if first == last else f"{first} to {last}"
