"""Rows as CSV: UTF-8, RFC 4180, header = names of fields, written in chunks so that no size of table fills the memory."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from opslib.csvfile.cells import harmless
from opslib.errors import Denied, UserError
from opslib.query import Query, Selection
from opslib.resource import Resource
from opslib.stores.database import chunks

CHUNK = 1000


def names_of(resource: Resource, names: Iterable[str] | None = None, hashes: bool = False) -> list[str]:
    """Columns of an export, in order: all fields meant for files, or the chosen ones of them.

    Raises
    ------
    UserError
        When a name is none of them; `Denied` when somebody else than an administrator asks for hashes.
    """
    if hashes and not resource.actor.is_admin:
        raise Denied()
    kept = [n for n, f in resource.record.fields().items() if hashes and f.hashed]
    open_ = [n for n, f in resource.fields.items() if f.csv and not f.secret]
    if names is None:
        return [*open_, *kept]
    wanted = list(dict.fromkeys(names))
    unknown = next((n for n in wanted if n not in open_), None)
    if unknown is not None:
        raise UserError("field_unknown", unknown, field=unknown)
    return [*wanted, *kept]


def export(
    resource: Resource, rows: Any = None, names: Iterable[str] | None = None, hashes: bool = False
) -> Iterator[str]:
    """Text of the file in pieces.  `rows`: a query, a selection, keys, or None for all; `hashes`: stored passwords too.

    >>> for piece in export(ops.mailboxes, Query.where(domain="example.org")): ...   # doctest: +SKIP
    """
    columns = names_of(resource, names, hashes)
    resource.page(Query(page_size=1), [resource.key])  # brings up to date what computed columns are read from
    keys = resource.keys(Selection.matching(Query()) if rows is None else rows)
    return _pieces(resource, keys, columns)


def export_file(
    resource: Resource, path: Path | str, rows: Any = None, names: Iterable[str] | None = None, hashes: bool = False
) -> Path:
    """Write the file, readable by its owner only."""
    pieces = export(resource, rows, names, hashes)
    with open_private(path) as stream:
        stream.writelines(pieces)
    return Path(path)


def open_private(path: Path | str, append: bool = False) -> io.TextIOWrapper:
    """A new or emptied text file of mode 600."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    try:
        handle = os.open(path, flags, 0o600)
        os.fchmod(handle, 0o600)
    except OSError as error:
        raise UserError("csv_not_written", str(path), error.strerror or "") from error
    return open(handle, "w" if not append else "a", encoding="utf-8", errors="backslashreplace", newline="")


def _pieces(resource: Resource, keys: Sequence[Any], columns: list[str]) -> Iterator[str]:
    yield piece([columns])
    for chunk in chunks(keys, CHUNK):
        yield piece(_lines(resource, chunk, columns))


def _lines(resource: Resource, keys: Sequence[Any], columns: list[str]) -> Iterator[list[str]]:
    fields = {name: resource.fields.get(name, resource.record.fields()[name]) for name in columns}
    hashed = {name: f.hashed for name, f in fields.items() if f.secret}
    found = resource.current(keys, [name for name in columns if name not in hashed])
    for key in keys:
        draft = found.get(key)
        if draft is not None:
            yield [
                str(draft.raw[hashed[n]] or "") if n in hashed else harmless(f.dump(draft.before.get(n)))
                for n, f in fields.items()
            ]


def piece(rows: Iterable[Sequence[str]]) -> str:
    """Rows as they are written."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
