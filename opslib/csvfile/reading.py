"""Records of a CSV file, one after the other (RFC 4180).  What is wrong with a row is told with the row.

Memory is bounded: lines and cells have a longest length, and a quote that is never closed spoils its own row only: reading
goes on at the next line.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from opslib.csvfile.source import Source
from opslib.errors import Problem, UserError

LONGEST_CELL = 1 << 20
LONGEST_LINE = 4 << 20
LONGEST_QUOTED = 20_000  # lines of one quoted cell
MOST_COLUMNS = 1000
MOST_ROWS = 500_000
SHORT = 64
BOM = "\ufeff"

csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))


class Line(NamedTuple):
    """One row: number of its first line in the file, from 1; cells; what is wrong with it."""

    number: int
    cells: tuple[str, ...]
    problem: Problem | None = None


@dataclass
class Table:
    """Columns and rows of a file."""

    columns: tuple[str, ...]
    rows: list[Line] = field(default_factory=list, repr=False)

    @property
    def twice(self) -> list[str]:
        """Column names that stand there more than once."""
        return sorted({name for name in self.columns if name and self.columns.count(name) > 1})


# -- lines ----------------------------------------------------------------------------------------------------------
def lines(stream: IO[bytes], encoding: str) -> Iterator[str]:
    """Lines with their ends; of one that is too long only its start, which no cell fits in."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    text = io.TextIOWrapper(stream, encoding, errors, newline="")
    first = True
    while line := text.readline(LONGEST_LINE):
        if first or line.startswith(BOM):
            line, first = line.removeprefix(BOM), False
        if len(line) >= LONGEST_LINE and line[-1] not in "\r\n":
            while (more := text.readline(LONGEST_LINE)) and more[-1] not in "\r\n":
                pass
        yield line
    text.detach()


class _Feed:
    """Lines for the csv module, remembered until their record is complete."""

    def __init__(self, source: Iterator[str]) -> None:
        self.source = source
        self.back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.taken) > LONGEST_QUOTED:
            raise csv.Error("quoted cell without end")
        line = self.back.popleft() if self.back else next(self.source)
        self.taken.append(line)
        self.number += 1
        return line

    def settle(self) -> None:
        self.taken.clear()

    def again(self) -> None:
        """Only the first line of the record is lost."""
        self.back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        self.taken.clear()


# -- records --------------------------------------------------------------------------------------------------------
def records(source: Iterator[str], delimiter: str, quote: str = '"') -> Iterator[Line]:
    """Rows with their numbers; empty lines are left out."""
    feed = _Feed(source)
    while True:
        start = feed.number + 1
        reader = csv.reader(feed, delimiter=delimiter, quotechar=quote, strict=True)
        try:
            cells = next(reader)
        except StopIteration:
            if not feed.taken:
                return
            cells = []
        except csv.Error as error:
            yield Line(start, (), _said(str(error)))
            feed.again()
            continue
        feed.settle()
        if cells:
            yield Line(start, tuple(cells), _strange(cells))


def _said(error: str) -> Problem:
    if "limit" in error:
        return Problem("csv_cell_too_large", (LONGEST_CELL >> 10,))
    return Problem("csv_quotes")


def _strange(cells: list[str]) -> Problem | None:
    text = "".join(cells)
    if text.isascii():
        return Problem("csv_null") if "\0" in text else None
    if "\0" in text:
        return Problem("csv_null")
    if any("\ud800" <= character <= "\udfff" for character in text) or "\ufffd" in text:
        return Problem("csv_bytes")
    return Problem("csv_mark") if BOM in text else None


# -- tables ---------------------------------------------------------------------------------------------------------
def read(source: Source, encoding: str, delimiter: str, header: bool, quote: str = '"') -> Table:
    """The whole file as a table.

    Raises
    ------
    UserError
        When it is empty, its header cannot be read, or it has too many columns or rows.
    """
    with source.open() as stream:
        found = _unprefixed(records(lines(stream, encoding), delimiter, quote))
        first = next(found, None)
        if first is None:
            raise UserError("csv_empty")
        if first.problem is not None and header:
            raise UserError.of([Problem("csv_header"), first.problem])
        if len(first.cells) > MOST_COLUMNS:
            raise UserError("csv_too_many_columns", MOST_COLUMNS)
        table = Table(_titles(first.cells, header))
        if not header:
            table.rows.append(first)
        _fill(table, found)
    return table


def _unprefixed(found: Iterator[Line]) -> Iterator[Line]:
    """Without the line in which Excel keeps the delimiter."""
    for line in found:
        if line.number == 1 and line.cells and line.cells[0].lower() in {"sep=", "sep=,", "sep=;", "sep=|", "sep=\t"}:
            continue
        yield line


def _titles(cells: tuple[str, ...], header: bool) -> tuple[str, ...]:
    return tuple(cell.strip() if header else f"column {place}" for place, cell in enumerate(cells, 1))


def _fill(table: Table, found: Iterator[Line]) -> None:
    width = len(table.columns)
    for line in found:
        if len(table.rows) >= MOST_ROWS:
            raise UserError("csv_too_many_rows", MOST_ROWS)
        cells = tuple(sys.intern(c) if len(c) < SHORT else c for c in _even(line.cells, width))
        problem = line.problem
        if problem is None and len(cells) != width:
            problem = Problem("csv_ragged", (len(cells), width))
        table.rows.append(Line(line.number, cells[:MOST_COLUMNS], problem))


def _even(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    """Without empty cells beyond the last column."""
    return cells[:width] if len(cells) > width and not any(cells[width:]) else cells
