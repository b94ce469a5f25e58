"""What a file seems to be: encoding, delimiter, header.  A guess is shown, and every part of it can be set."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from opslib.csvfile import reading
from opslib.csvfile.encoding import ENCODINGS, encoding, guess_encoding
from opslib.csvfile.mapping import matches
from opslib.csvfile.source import Source
from opslib.errors import UserError
from opslib.resource import Resource

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NAMED = {name: sign for sign, name in DELIMITERS.items()} | {"\\t": "\t", "pipe": "|"}
SAMPLE_BYTES = 1 << 18
SAMPLE_ROWS = 50
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Guess:
    """How a file is read; `samples` are its first rows as they are read that way, secrets of other columns included."""

    encoding: str
    delimiter: str
    header: bool
    marked: bool = False
    columns: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """The guess in words."""
        mark = ", with a byte order mark" if self.marked else ""
        named = DELIMITERS.get(self.delimiter, self.delimiter)
        head = "the first row names the columns" if self.header else "there is no row of column names"
        return [f"Encoding: {ENCODINGS[self.encoding]}{mark}.", f"Cells are parted by: {named}.", f"Header: {head}."]


def guess(source: Source, resource: Resource | None = None, **given: Any) -> Guess:
    """Guess of a file.  `encoding`, `delimiter` and `header` may be `given`; `resource` knows names of columns.

    Raises
    ------
    UserError
        When the file is empty, or what was given is not known.
    """
    name, marked = guess_encoding(source)
    if given.get("encoding"):
        name = encoding(given["encoding"])
    sample = list(_sample(source, name))
    if not sample:
        raise UserError("csv_empty")
    sign = delimiter(given["delimiter"]) if given.get("delimiter") else _guess_delimiter(sample)
    rows = [line.cells for line in _rows(sample, sign)]
    if not rows:
        raise UserError("csv_empty")
    header = given["header"] if given.get("header") is not None else _is_header(rows, resource)
    columns = tuple(c.strip() if header else f"column {n}" for n, c in enumerate(rows[0], 1))
    return Guess(name, sign, header, marked, columns)


def changed(found: Guess, source: Source, **given: Any) -> Guess:
    """The guess with parts of it set by hand; the columns are read anew."""
    now = {"encoding": found.encoding, "delimiter": found.delimiter, "header": found.header, **given}
    return replace(guess(source, None, **now), marked=found.marked)


def delimiter(text: str) -> str:
    """Delimiter of its sign or name.

    Raises
    ------
    UserError
        When it is no single character that can part cells.
    """
    sign = _NAMED.get(text.strip().lower() or text, text)
    if len(sign) != 1 or sign in '"\r\n\0' or sign.isalnum() or not sign.isascii():
        raise UserError("csv_delimiter", text, field="delimiter")
    return sign


def _sample(source: Source, name: str) -> Iterator[str]:
    """The first lines; the last is left out where the sample ends in it."""
    head = source.head(SAMPLE_BYTES)
    found = list(reading.lines(io.BytesIO(head), name))
    return iter(found[:-1] if len(head) == SAMPLE_BYTES and len(found) > 1 else found)


def _rows(sample: list[str], sign: str) -> list[reading.Line]:
    found = []
    for line in reading._unprefixed(reading.records(iter(sample), sign)):
        if line.cells:
            found.append(line)
        if len(found) == SAMPLE_ROWS:
            break
    return found


def _guess_delimiter(sample: list[str]) -> str:
    """The one that gives most columns in most rows alike; a comma when there is but one column."""
    said = sample[0].strip().lower()
    if said.startswith("sep=") and said[4:] in DELIMITERS:
        return said[4:]
    return max(DELIMITERS, key=lambda sign: _evenness(_rows(sample, sign)))


def _evenness(rows: list[reading.Line]) -> tuple[float, int]:
    widths = Counter(len(line.cells) for line in rows)
    if not widths:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
    return (count / len(rows) if width > 1 else 0.0), width


def _is_header(rows: list[tuple[str, ...]], resource: Resource | None) -> bool:
    """A first row that names fields; or one without addresses and numbers above rows that have them."""
    first = [cell.strip() for cell in rows[0]]
    if resource is not None and sum(map(bool, matches(resource, first).values())) * 2 >= min(len(first), 4):
        return True
    telling = [any(sign in cell for sign in "@{") or cell.replace(".", "").isdecimal() for cell in first]
    return not any(telling) and all(first[:1])
