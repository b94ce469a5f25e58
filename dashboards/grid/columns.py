"""What a column of the grid is, derived from its `Field`: kind of cell, editor, filter, width, and the cell's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from opslib import fields as kinds
from opslib.fields import Field
from opslib.query import Condition
from opslib.resource import Resource

Cell = str | bool | None

KINDS: tuple[tuple[type[Field], str], ...] = (
    (kinds.Flag, "flag"),
    (kinds.Choice, "choice"),
    (kinds.Multiline, "long"),
    (kinds.Json, "long"),
)
RANGES = (kinds.Integer, kinds.Decimal, kinds.Moment)
HINTS: tuple[tuple[type[Field], str], ...] = (
    (kinds.Bytes, "at least 3 GiB"),
    (kinds.Moment, "since 2026-01-31"),
    (kinds.Integer, "at least"),
    (kinds.Decimal, "at least"),
)
WIDEST = 180  # a least width beyond that leaves no room for the buttons on a phone
WIDTHS = {"link": 170, "flag": 96, "choice": 120, "long": 180, "text": 140}


def missing(value: Any) -> bool:
    """Whether a cell of a frame is empty (None, NaN, NaT, NA)."""
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def inside(value: Any) -> Any:
    """The inside value of a cell of a frame: plain Python, None for every kind of empty."""
    if missing(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def kind(field: Field) -> str:
    """How a cell of the field is drawn and edited: flag, choice, long or text."""
    return next((name for cls, name in KINDS if isinstance(field, cls)), "text")


def cell(field: Field, value: Any) -> Cell:
    """What stands in the cell: a bool for flags, the value's text for choices, text for people otherwise."""
    if value is None:
        return None if isinstance(field, kinds.Flag) else ""
    if isinstance(field, kinds.Flag):
        return bool(value)
    if isinstance(field, kinds.Choice):
        return str(value)
    return f"{value:,}" if counted(field) else field.show(value)


def read_names(fields: Mapping[str, Field], names: Iterable[str]) -> list[str]:
    """Fields to read for these columns: their own, and those shown beside them."""
    beside = [fields[name].beside for name in names if name in fields]
    return list(dict.fromkeys([*names, *(name for name in beside if name in fields)]))


def joined(fields: Mapping[str, Field], name: str, values: Mapping[str, Any]) -> Cell:
    """The cell of a column, with the field beside it: "12 / 17"."""
    own, beside = cell(fields[name], values[name]), fields[name].beside
    if beside not in values or values[beside] is None:
        return own
    return f"{own} / {cell(fields[beside], values[beside])}"


def counted(field: Field) -> bool:
    """Whether the field is a plain number that reads better in groups of three digits."""
    return type(field) is kinds.Integer and field.name not in {"id", "prefid"} and not field.name.endswith("_id")


def edit_text(field: Field, value: Any) -> str | None:
    """Text to begin editing with, where the shown text has lost precision; None where the two agree."""
    if value is None:
        return None
    if counted(field):
        return str(value) if value >= 1000 else None
    if not isinstance(field, kinds.Bytes) or kinds.Bytes.size(field.show(value)) == value:
        return None
    return f"{value // kinds.MIB} MiB" if value % kinds.MIB == 0 else f"{value} B"


def options(resource: Resource, name: str) -> list[tuple[str, str]]:
    """(value, label) of the choices of a field, as text."""
    return [(str(value), str(label)) for value, label in resource.choices(name).items()]


def filter_kind(field: Field) -> str | None:
    """The header filter: "list", "text", or None."""
    if not field.filterable:
        return None
    return "list" if kind(field) in {"flag", "choice"} else "text"


def column(resource: Resource, name: str, editable: bool) -> dict[str, Any]:
    """One column of `Table.spec`."""
    field = resource.fields[name]
    is_key = name == resource.key
    shape = "link" if is_key else kind(field)
    choices = [("1", "yes"), ("0", "no")] if shape == "flag" else options(resource, name) if shape == "choice" else []
    in_sql = name in resource.expressions
    return {
        "name": name,
        "title": field.label,
        "doc": " ".join((field.doc or "").split()),
        "kind": shape,
        "key": is_key,
        "editable": editable and not is_key and not field.secret and resource.writable(name),
        "sortable": bool(field.sortable and in_sql),
        "filter": filter_kind(field) if in_sql else None,
        "options": choices,
        "placeholder": next((hint for cls, hint in HINTS if isinstance(field, cls)), ""),
        "align": "right"
        if isinstance(field, kinds.Integer | kinds.Decimal)
        else "center"
        if shape == "flag"
        else "left",
        "width": min(field.width or width(field, shape), WIDEST),
        "grow": growth(field, shape),
    }


def width(field: Field, shape: str) -> int:
    """Least width of a column in pixels."""
    if isinstance(field, kinds.Moment):
        return 150
    return 110 if isinstance(field, RANGES) else WIDTHS[shape]


def growth(field: Field, shape: str) -> int:
    """Share of the spare width that a column gets: texts need it, numbers and flags do not."""
    if isinstance(field, RANGES) or shape == "flag":
        return 0
    return 3 if shape in {"link", "long"} or field.search or isinstance(field, kinds.Lines) else 1


def default_names(resource: Resource) -> list[str]:
    """Columns shown when the person has chosen none: those that the fields declare."""
    shown = [name for name, field in resource.fields.items() if field.grid and not field.secret]
    return shown or [resource.key]


def selectable_names(resource: Resource) -> list[str]:
    """Columns that can be shown at all."""
    return [name for name, field in resource.fields.items() if not field.secret]


# -- header filters <-> conditions ----------------------------------------------------------------------------------
def condition(field: Field, text: str) -> Condition:
    """The condition that a header filter stands for.

    Numbers and times: at least; "<= 5", "= 5" and "> 5"-like prefixes choose another comparison.
    """
    text = text.strip()
    if kind(field) in {"flag", "choice"}:
        return Condition(field.name, "is", text)
    if isinstance(field, RANGES):
        for sign, op in (("<=", "le"), ("<", "le"), (">=", "ge"), (">", "ge"), ("=", "is")):
            if text.startswith(sign):
                return Condition(field.name, op, text[len(sign) :].strip())
        return Condition(field.name, "ge", text)
    if text.startswith("^"):
        return Condition(field.name, "starts", text[1:])
    if text.startswith("="):
        return Condition(field.name, "is", text[1:].strip())
    return Condition(field.name, "contains", text)


def filter_text(field: Field, given: Condition) -> str | None:
    """What the header filter shows for a condition; None when a header filter cannot say it."""
    if kind(field) in {"flag", "choice"}:
        return given.value if given.op == "is" else None
    if isinstance(field, RANGES):
        return {"ge": given.value, "le": f"<={given.value}", "is": f"={given.value}"}.get(given.op)
    return {"contains": given.value, "starts": f"^{given.value}", "is": f"={given.value}"}.get(given.op)


def conditions(fields: Mapping[str, Field], texts: Mapping[str, str], kept: Iterable[Condition]) -> list[Condition]:
    """Conditions of the header filters; those of `kept` that no header filter can say stay as they are."""
    others = [c for c in kept if c.field not in fields or filter_text(fields[c.field], c) is None]
    return [
        *others,
        *(condition(fields[name], text) for name, text in texts.items() if name in fields and text.strip()),
    ]
