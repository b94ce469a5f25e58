"""How values look on the wire: encoders of answers, decoders of attributes (addresses.md 1.4, 7.1, 9.1; access.md 10.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from opslib.fields import Moment
from opslib.names import list_items
from opslib.plan import Row
from opslib.resource import Resource
from opslib.resources.mailboxes.choices import PROTOCOLS

Schema = Mapping[str, Any]


class Absent(Enum):
    """What stands for a key that an answer does not have, or an attribute that was not really given."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

INTEGER: Schema = {"type": "integer"}
BIT: Schema = {"type": "integer", "enum": [0, 1]}
TEXT: Schema = {"type": "string"}
NULLABLE: Schema = {"type": ["string", "null"]}
DIGITS: Schema = {"type": "string", "pattern": "^-?[0-9]+$"}
STAMP: Schema = {"type": ["string", "null"], "description": "YYYY-MM-DD HH:MM:SS, the server's wall clock"}
TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
RATE: Schema = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"value": {"type": "string"}, "frame": {"enum": ["s", "m", "h", "d"]}},
            "required": ["value", "frame"],
        },
        {"const": False},
    ]
}


# -- answers --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Out:
    """One key of an answer: how it is made of a row, its JSON schema, the fields it needs, whether it may be missing."""

    encode: Callable[[Row, Resource], Any]
    schema: Schema
    fields: tuple[str, ...] = ()
    optional: bool = False


def plain(field: str, schema: Schema = TEXT) -> Out:
    """The inside value as it is."""
    return Out(lambda row, _: row[field], schema, (field,))


def number(field: str) -> Out:
    """A number; nothing is 0."""
    return Out(lambda row, _: int(row[field] or 0), INTEGER, (field,))


def bit(field: str) -> Out:
    """A flag as 0 or 1."""
    return Out(lambda row, _: int(row[field] or 0), BIT, (field,))


def text(field: str, schema: Schema = TEXT) -> Out:
    """Text; nothing is empty text, unless the schema has null."""
    empty = None if schema is NULLABLE else ""
    return Out(lambda row, _: str(row[field]) if row[field] is not None else empty, schema, (field,))


def amount(field: str) -> Out:
    """A sum as decimal text; 0 of nothing is a number (addresses.md 7.1)."""
    schema = {"anyOf": [DIGITS, {"const": 0}]}
    return Out(lambda row, _: str(row[field]) if row[field] else 0, schema, (field,))


def digits(field: str) -> Out:
    """A number as decimal text."""
    return Out(lambda row, _: str(row[field] or 0), DIGITS, (field,))


def stamp(field: str) -> Out:
    """A moment as the server's wall clock shows it."""
    return Out(lambda row, resource: wall(resource, field, row[field]), STAMP, (field,))


def wall(resource: Resource, field: str, moment: Any) -> str | None:
    """Text of a moment on the server's wall clock."""
    declared = resource.fields[field]
    return f"{Moment.store(declared, moment):%Y-%m-%d %H:%M:%S}" if moment is not None else None  # type: ignore[arg-type]


def rate(field: str) -> Out:
    """A rate limit as an object, false for none."""
    return Out(lambda row, _: rate_of(row[field]), RATE, (field,))


def rate_of(limit: str) -> dict[str, str] | bool:
    """{"value", "frame"} of a rate limit such as 10/h; False for none."""
    value, _, frame = (limit or "").partition("/")
    return {"value": value, "frame": frame} if value else False


def tags(field: str = "tags") -> Out:
    """Tags; the key is missing when there are none."""
    return Out(lambda row, _: list(row[field]) or ABSENT, TEXTS, (field,), optional=True)


def encoded(outputs: Mapping[str, Out], row: Row, resource: Resource) -> dict[str, Any]:
    """One answer object."""
    values = ((name, out.encode(row, resource)) for name, out in outputs.items())
    return {name: value for name, value in values if value is not ABSENT}


def schema_of(outputs: Mapping[str, Out]) -> dict[str, Any]:
    """JSON schema of an answer object."""
    return {
        "type": "object",
        "properties": {name: dict(out.schema) for name, out in outputs.items()},
        "required": [name for name, out in outputs.items() if not out.optional],
    }


# -- attributes -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class In:
    """One attribute: the field it sets, how it is read, and its JSON schema.

    `read` gives what the field's `parse` takes, or ABSENT for a value that means "not given".
    """

    field: str
    read: Callable[[Any], Any]
    schema: Schema
    doc: str = ""


SCALAR: Schema = {"type": ["string", "integer", "number", "boolean", "null"]}
FLAG: Schema = {"anyOf": [{"type": ["string", "integer", "boolean"]}, TEXTS], "description": "0 or 1"}
LIST: Schema = {"anyOf": [{"type": "string"}, TEXTS], "description": "a list, or text split at , ; blanks and lines"}


def as_flag(value: Any) -> Any:
    """A switch: 0/1 in any dress; a checkbox sends ["0", "1"] when it is ticked; empty is off."""
    if isinstance(value, list):
        return any(as_flag(part) is True for part in value)
    if isinstance(value, str):
        return {"": False, "0": False, "false": False, "1": True, "true": True}.get(value.strip().lower(), value)
    return value if isinstance(value, dict) else bool(value)


def as_text(value: Any) -> Any:
    """Text or a number; null is not given."""
    return ABSENT if value is None else value


def as_filled(value: Any) -> Any:
    """As text; empty is not given."""
    return ABSENT if _empty(value) else value


def _empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def as_mib(value: Any) -> Any:
    """A size in MiB, as the text that the field reads so; empty is not given."""
    if _empty(value):
        return ABSENT
    return str(value).strip() if isinstance(value, int | float | str) else value


def as_list(value: Any) -> Any:
    """A list field: text is split at blanks, commas, semicolons and lines."""
    if value is None:
        return ABSENT
    if isinstance(value, str):
        return tuple(list_items(value))
    if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
        return tuple(part for item in value if item is not None for part in list_items(str(item)))
    return (str(value),)


def as_tags(value: Any) -> Any:
    """Tags: a list, or one text; blanks belong to a tag."""
    if value is None:
        return ABSENT
    parts = value if isinstance(value, list) else str(value).split(",")
    return tuple(str(part).strip() for part in parts if part is not None and str(part).strip())


def flag(field: str, doc: str = "") -> In:
    return In(field, as_flag, FLAG, doc)


def words(field: str, doc: str = "") -> In:
    return In(field, as_text, SCALAR, doc)


def filled(field: str, doc: str = "") -> In:
    return In(field, as_filled, SCALAR, doc)


def mib(field: str, doc: str = "MiB") -> In:
    return In(field, as_mib, SCALAR, doc)


def many(field: str, doc: str = "") -> In:
    return In(field, as_list, LIST, doc)


def tagging(field: str = "tags", doc: str = "added to those that are there") -> In:
    return In(field, as_tags, LIST, doc)


RATED: dict[str, In] = {
    "rl_value": words("", "messages; empty or 0 for no limit"),
    "rl_frame": words("", "s, m, h or d"),
}


def rate_from(attr: Mapping[str, Any]) -> str:
    """Rate limit of `rl_value` and `rl_frame` as the field reads it; empty for no limit (addresses.md 18)."""
    value = str(attr.get("rl_value") or "").strip()
    return f"{value}/{attr.get('rl_frame') or 's'}" if value not in ("", "0") else ""


def protocols_from(attr: Mapping[str, Any]) -> Row:
    """All six protocol switches of the list `protocol_access`; nothing when it is not given."""
    chosen = as_list(attr.get("protocol_access"))
    return {} if chosen is ABSENT else {f"{name}_access": name in chosen for name in PROTOCOLS}


def read(inputs: Mapping[str, In], attr: Mapping[str, Any]) -> Row:
    """Field values of the attributes that were given; unknown attributes are ignored (access.md 10.4).

    Attributes without a field are only described here: the category reads them together with others.
    """
    found: Row = {}
    for name, declared in inputs.items():
        if name in attr and declared.field:
            value = declared.read(attr[name])
            if value is not ABSENT:
                found[declared.field] = value
    return found


def attributes_schema(inputs: Mapping[str, In]) -> dict[str, Any]:
    """JSON schema of an attribute object."""
    return {"type": "object", "properties": {name: _described(declared) for name, declared in inputs.items()}}


def _described(declared: In) -> dict[str, Any]:
    return {**declared.schema, **({"description": declared.doc} if declared.doc else {})}
