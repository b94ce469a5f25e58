"""Which column is which field: by name, label, or what other programs call it; or by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from opslib.errors import UserError
from opslib.fields import Bytes, Field
from opslib.resource import Resource

_UNITS = {
    "b": "B",
    "bytes": "B",
    "kb": "KiB",
    "kib": "KiB",
    "mb": "",
    "mib": "",
    "gb": "GiB",
    "gib": "GiB",
    "tb": "TiB",
    "tib": "TiB",
}
IGNORED = ("reason", "line")  # columns of a report of rejected rows


def importable(resource: Resource) -> dict[str, Field]:
    """Fields a file may have: what can be read, and secrets that can be written."""
    found = {}
    for name, declared in resource.record.fields().items():
        writable = resource.writable(name, adding=True) or resource.writable(name)
        if writable or name in resource.fields:
            found[name] = resource.fields.get(name, declared)
    return {n: f for n, f in found.items() if not f.secret or f.on_add or f.on_edit}


def words(text: str) -> str:
    """A name without case, blanks and signs, as names are compared."""
    return re.sub(r"[^0-9a-z]+", "", re.sub(r"\[.*?\]", "", text.casefold()))


def split_unit(column: str) -> tuple[str, str]:
    """A column's name without its unit, and the unit that numbers in it have: "Quota (GB)" is quota, GiB."""
    found = re.fullmatch(r"(.*?)[\s_(\[-]+([A-Za-z]+)[)\]]?\s*", column.strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    return (found[1], unit) if found and unit is not None else (column, "")


def matches(resource: Resource, columns: Sequence[str]) -> dict[int, str]:
    """Field of each column that is recognised, by place; every field once, the first column of a name wins."""
    found: dict[int, str] = {}
    for names in _names(importable(resource)):
        for place, column in enumerate(columns):
            name = names.get(words(column)) or names.get(words(split_unit(column)[0]), "")
            if place not in found and name and name not in found.values() and words(column) not in IGNORED:
                found[place] = name
    return dict(sorted(found.items()))


def _names(fields: Mapping[str, Field]) -> Iterator[dict[str, str]]:
    """Words to field, the surest first: names, labels, synonyms."""
    backwards = list(reversed(list(fields.items())))
    yield {words(name): name for name in fields}
    yield {words(str(f.label)): name for name, f in backwards}
    yield {words(other): name for name, f in backwards for other in f.also}


def by_hand(resource: Resource, columns: Sequence[str], chosen: Mapping[str, str]) -> dict[int, str]:
    """The recognised columns, changed by `chosen` {column: field}; an empty field leaves the column out.

    Raises
    ------
    UserError
        When there is no such column or field, or a field is chosen twice.
    """
    found, fields = matches(resource, columns), importable(resource)
    for column, name in chosen.items():
        if column not in columns:
            raise UserError("csv_column_unknown", column, ", ".join(columns[:20]), field="columns")
        if name and name not in fields:
            raise UserError("field_unknown", name, field=name)
        found = {place: other for place, other in found.items() if other != name and columns[place] != column}
        if name:
            found[list(columns).index(column)] = name
    picked = [name for name in chosen.values() if name]
    if len(picked) != len(set(picked)):
        raise UserError("csv_field_twice", next(n for n in picked if picked.count(n) > 1), field="columns")
    return dict(sorted(found.items()))


def units(columns: Sequence[str], found: Mapping[int, str], fields: Mapping[str, Field]) -> dict[str, str]:
    """Unit that bare numbers of a field have, where its column's name says one."""
    named = {name: split_unit(columns[place])[1] for place, name in found.items() if isinstance(fields[name], Bytes)}
    return {name: unit for name, unit in named.items() if unit}
