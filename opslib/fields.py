"""The field vocabulary: what one column is, declared once.

A `Field` is a `param.Parameter`, so a `Record` made of fields can drive forms, notebooks and widgets; everything else
(grid editor, CSV column, API key, CLI option, DataFrame dtype, help text) is derived from the same declaration.

Three forms of a value are told apart:

- *inside*: what frames, plans and rules work with (bytes, bool, tuples, aware UTC datetimes);
- *stored*: what stands in the database column or JSON key (`store`, `load`);
- *edge*: text that people, CSV files, the CLI and API clients write and read (`parse`, `dump`, `show`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from math import isfinite
from typing import Any, ClassVar

import param
import sqlalchemy as sa

from opslib import names
from opslib.errors import UserError

MIB = 1 << 20

TRAITS: dict[str, Any] = {
    "sql": None,  # ColumnElement, or callable giving one: where the value is read
    "column": "",  # where a plain write goes: "quota", "attributes.sogo_access"; "" = the field's name; None = resource code
    "fetch": None,  # callable(resource, keys) -> {key: inside value} for values that live outside SQL
    "unit": None,
    "choices": None,  # {inside value: label}, or callable(ops) giving that
    "required": False,
    "on_add": True,
    "on_edit": True,
    "bulk": True,
    "grid": False,
    "secret": False,
    "nullable": False,
    "roles": ("admin", "domainadmin"),  # who may write
    "sees": ("admin", "domainadmin", "user"),  # who may read
    "acl": None,  # ACL bit a non-admin needs to write
    "search": False,
    "sortable": True,
    "filterable": True,
    "width": None,  # pixels in the grid
    "group": "",  # section of the form
    "missing": None,  # inside value where the stored one is absent
    "csv": True,
    "beside": "",  # field shown in the same cell of the grid, like a limit beside what is used
    "length": None,  # most characters that fit
    "also": (),  # what files of other programs call it
    "hashed": None,  # column of a secret's stored hash, which administrators may export
}


class Field(param.Parameter[Any]):
    """One column of a resource.  Subclasses say how values are read, written and shown."""

    __slots__ = list(TRAITS)
    dtype: ClassVar[str] = "object"
    editor: ClassVar[str] = "text"

    def __init__(self, default: Any = None, **given: Any) -> None:
        traits = {name: given.pop(name, fallback) for name, fallback in TRAITS.items()}
        super().__init__(default=default, allow_None=True, **given)
        for name, value in traits.items():
            setattr(self, name, value)

    def _validate(self, val: Any) -> None:
        if val is not None and self.name:
            self.parse(val)

    # -- edge -> inside ------------------------------------------------------------------------------------------
    def parse(self, raw: Any) -> Any:
        """Inside value of what was typed or sent.

        Raises
        ------
        UserError
            Naming this field, when the value does not fit.
        """
        if raw is None or (isinstance(raw, str) and not raw.strip() and not self.keeps_blank):
            return self._empty()
        try:
            value = self.read(raw)
        except UserError as error:
            raise UserError.of(problem.at(str(self.name)) for problem in error.problems) from None
        return value

    keeps_blank: ClassVar[bool] = False

    def _empty(self) -> Any:
        if self.required:
            raise UserError("field_needed", self.label, field=self.name)
        return self.blank

    @property
    def blank(self) -> Any:
        """Inside value of an empty cell."""
        return None

    def read(self, raw: Any) -> Any:
        """Like `parse`, for a value that is there; overridden by the kinds."""
        return raw

    # -- inside -> edge ------------------------------------------------------------------------------------------
    def dump(self, value: Any) -> str:
        """Text for CSV, URLs and the CLI: `parse(dump(v)) == v`."""
        return "" if value is None else str(value)

    def show(self, value: Any) -> str:
        """Text for people."""
        if value is None:
            return ""
        labels = self.choices if isinstance(self.choices, Mapping) else None
        return str(labels.get(value, self.dump(value))) if labels else self.dump(value)

    # -- inside <-> stored ---------------------------------------------------------------------------------------
    def store(self, value: Any) -> Any:
        """What is written to the column; text for JSON keys, as the contract wants (addresses.md 2.6)."""
        return value

    def load(self, stored: Any) -> Any:
        """Inside value of what a SELECT of `expression` gave."""
        return self.missing if stored is None else stored

    # -- SQL -----------------------------------------------------------------------------------------------------
    @property
    def path(self) -> str | None:
        """Column or `column.jsonkey` that a plain write goes to; None when the resource writes it itself."""
        return self.name if self.column == "" else self.column

    @property
    def in_json(self) -> bool:
        """Whether the value lives in a key of a JSON column."""
        return "." in (self.path or "")

    def expression(self, table: sa.FromClause) -> sa.ColumnElement[Any] | None:
        """SQL of this field over `table`; None for a field that lives outside SQL."""
        if self.sql is not None:
            found: sa.ColumnElement[Any] = self.sql() if callable(self.sql) else self.sql
            return found
        if self.fetch is not None or self.path is None:
            return None
        base, _, key = self.path.partition(".")
        return json_text(table.c[base], key) if key else table.c[base]

    def clause(self, expression: sa.ColumnElement[Any], value: Any) -> Any:
        """Stored form of a filter value, comparable with `expression`."""
        return self.store(value)

    def placed(self, zone: tzinfo) -> Field:
        """The field as it is on a server whose wall clock shows `zone`; only moments differ."""
        return self


def json_text(column: sa.ColumnElement[Any], key: str) -> sa.ColumnElement[Any]:
    """Text of a JSON key; NULL for a missing key and for JSON null, on both databases."""
    return sa.func.nullif(sa.cast(column[key].as_string(), sa.String(255)), "null")


# -- kinds ----------------------------------------------------------------------------------------------------------
class Text(Field):
    """One line of text."""

    __slots__ = ["pattern"]
    dtype = "string"

    def __init__(self, default: Any = None, *, pattern: str | None = None, **given: Any) -> None:
        super().__init__(default, **given)
        self.pattern = pattern

    def read(self, raw: Any) -> str:
        if not isinstance(raw, str | int | float):
            raise UserError("value_not_text")
        text = self.clean(str(raw))
        if self.length and len(text) > self.length:
            raise UserError("value_too_long", self.length, len(text))
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise UserError("value_invalid", text)
        return text

    def clean(self, text: str) -> str:
        """Trimmed text without control characters."""
        text = text.strip()
        if not text.isprintable() and any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in text):
            raise UserError("value_control_characters")
        return text

    @property
    def blank(self) -> Any:
        return None if self.nullable else ""


class Multiline(Text):
    """Text with lines."""

    editor = "textarea"

    def clean(self, text: str) -> str:
        text = text.replace("\r\n", "\n")
        if any((ord(c) < 32 and c not in "\n\t") or 0xD800 <= ord(c) < 0xE000 for c in text):
            raise UserError("value_control_characters")
        return text


class Integer(Field):
    """A whole number between `bounds` (inclusive, None = open)."""

    __slots__ = ["bounds"]
    dtype = "Int64"
    editor = "number"

    def __init__(
        self, default: Any = None, *, bounds: tuple[int | None, int | None] = (None, None), **given: Any
    ) -> None:
        super().__init__(default, **given)
        self.bounds = bounds

    def read(self, raw: Any) -> int:
        return self.within(self.number(raw))

    def number(self, raw: Any) -> int:
        """The number meant by text or a number without fraction."""
        try:
            value = float(raw) if isinstance(raw, float) else int(raw)
            if value != int(value):
                raise ValueError
        except (ValueError, TypeError, OverflowError):
            raise UserError("value_not_number", raw) from None
        return int(value)

    def within(self, value: int) -> int:
        """`value`, when it lies between the bounds."""
        low, high = self.bounds
        if low is not None and value < low:
            raise UserError("value_too_small", self.show(low))
        if high is not None and value > high:
            raise UserError("value_too_large", self.show(high))
        return value

    def load(self, stored: Any) -> Any:
        return self.missing if stored is None or stored == "" else int(stored)

    def store(self, value: Any) -> Any:
        return str(value) if self.in_json and value is not None else value


class Decimal(Field):
    """A number with a fraction."""

    dtype = "Float64"
    editor = "number"

    def read(self, raw: Any) -> float:
        try:
            value = float(raw)
            if not isfinite(value):
                raise ValueError
        except (ValueError, TypeError, OverflowError):
            raise UserError("value_not_number", raw) from None
        return value

    def load(self, stored: Any) -> Any:
        return self.missing if stored is None else float(stored)


_SIZE = re.compile(r"\s*(\d{1,20}(?:[.,]\d{1,20})?)\s*([kmgt]?)(i?b)?\s*", re.IGNORECASE)
_POWERS = {"": 2, "k": 1, "m": 2, "g": 3, "t": 4}


class Bytes(Integer):
    """A size.  Inside: bytes.  Edge: text in MiB, or with a unit ("3 GiB"); a Python number means bytes.

    `per` is how many bytes one stored unit has: 1 for `mailbox.quota`, MiB for the columns of `domain`.
    """

    __slots__ = ["per"]
    editor = "text"

    def __init__(self, default: Any = None, *, per: int = 1, **given: Any) -> None:
        given.setdefault("unit", "bytes")
        super().__init__(default, **given)
        self.per = per

    def read(self, raw: Any) -> int:
        return self.within(self.size(raw) if isinstance(raw, str) else self.number(raw))

    @staticmethod
    def size(text: str) -> int:
        """Bytes meant by text; without a unit it is MiB.  "unlimited" and "∞" are 0."""
        if text.strip().lower() in {"unlimited", "∞"}:
            return 0
        found = _SIZE.fullmatch(text)
        if not found or (not found[2] and found[3] and found[3].lower() != "b"):
            raise UserError("value_not_size", text)
        power = 0 if found[3] and not found[2] else _POWERS[found[2].lower()]
        return int(Fraction(found[1].replace(",", ".")) * 1024**power)

    def within(self, value: int) -> int:
        value = super().within(value)
        if value > (1 << 63) - 1:
            raise UserError("value_not_size", value)
        return value - value % self.per

    def dump(self, value: Any) -> str:
        if value is None:
            return ""
        return str(value // MIB) if value % MIB == 0 else f"{value} B"

    def show(self, value: Any) -> str:
        return "" if value is None else human_size(int(value))

    def store(self, value: Any) -> Any:
        return None if value is None else value // self.per

    def expression(self, table: sa.FromClause) -> sa.ColumnElement[Any] | None:
        plain = super().expression(table)
        return plain if plain is None or self.per == 1 or self.sql is not None else plain * self.per

    def clause(self, expression: sa.ColumnElement[Any], value: Any) -> Any:
        return value


def human_size(size: int) -> str:
    """Bytes as text with a binary unit, at most one digit after the point."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if value == int(value) or value >= 100 else f"{value:.1f} {unit}"


_YES, _NO = {"1", "true", "yes", "on", "y", "x"}, {"0", "false", "no", "off", "n", "-"}


class Flag(Field):
    """Yes or no.  Inside bool; stored 0/1, or text "0"/"1" in JSON."""

    dtype = "boolean"
    editor = "tick"

    def read(self, raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        word = str(int(raw)) if isinstance(raw, float) and raw in (0.0, 1.0) else str(raw).strip().lower()
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise UserError("value_not_flag", raw)

    @property
    def blank(self) -> Any:
        return False

    def dump(self, value: Any) -> str:
        return "" if value is None else str(int(value))

    def show(self, value: Any) -> str:
        return "" if value is None else ("yes" if value else "no")

    def store(self, value: Any) -> Any:
        if value is None:
            return None
        return str(int(value)) if self.in_json else int(value)

    def load(self, stored: Any) -> Any:
        return self.missing if stored is None else str(stored) == "1" or stored is True

    def expression(self, table: sa.FromClause) -> sa.ColumnElement[Any] | None:
        plain = super().expression(table)
        if plain is None or not self.in_json or self.sql is not None:
            return plain
        return sa.func.coalesce(plain, str(int(bool(self.missing))))


class Choice(Field):
    """One of `choices`; an int choice is stored as a number, a text choice as text."""

    dtype = "object"
    editor = "list"

    def read(self, raw: Any) -> Any:
        options = self.choices if isinstance(self.choices, Mapping) else None
        if options is None:
            return str(raw).strip()
        for value, label in options.items():
            if raw == value or str(raw).strip().lower() in {str(value).lower(), str(label).lower()}:
                return value
        if isinstance(raw, bool) and int(raw) in options:
            return int(raw)
        raise UserError("value_not_choice", raw, ", ".join(str(label) for label in options.values()))

    @property
    def blank(self) -> Any:
        options = self.choices
        return self.default if isinstance(options, Mapping) and "" not in options else ""

    def load(self, stored: Any) -> Any:
        if stored is None:
            return self.missing
        options = self.choices if isinstance(self.choices, Mapping) else {}
        return next((value for value in options if str(value) == str(stored)), stored)

    def store(self, value: Any) -> Any:
        return str(value) if self.in_json and value is not None else value


class DomainName(Text):
    """A domain; inside ASCII (punycode), shown in Unicode."""

    def read(self, raw: Any) -> str:
        try:
            return names.domain(super().read(raw))
        except UserError:
            raise
        except ValueError as error:
            raise UserError(str(error), raw) from None

    def show(self, value: Any) -> str:
        return names.domain_unicode(value) if value else ""


class Address(Text):
    """An e-mail address, domain part in ASCII."""

    def read(self, raw: Any) -> str:
        text = super().read(raw)
        try:
            return self.judge(text)
        except ValueError:
            raise UserError(self.complaint, text) from None

    complaint: ClassVar[str] = "value_invalid"

    def judge(self, text: str) -> str:
        """Normalised address; ValueError when it is none."""
        return names.address(text)


class Lines(Field):
    """A list of short texts; inside a tuple, stored and selected as text with `separator`."""

    __slots__ = ["separator"]
    dtype = "object"
    editor = "lines"

    def __init__(self, default: Any = (), *, separator: str = "\n", **given: Any) -> None:
        super().__init__(default, **given)
        self.separator = separator

    between: ClassVar[str] = r"[\s,;]+"  # what parts entries, wherever they are typed

    def read(self, raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, str | Iterable) or isinstance(raw, bytes | Mapping):
            raise UserError("value_not_text")
        given = [raw] if isinstance(raw, str) else [str(part) for part in raw]
        items = [Text.clean(_PLAIN, part) for text in given for part in re.split(self.between, text)]
        return tuple(dict.fromkeys(self.item(part) for part in items if part))

    def item(self, text: str) -> str:
        """One entry, normalised."""
        if self.length and len(text) > self.length:
            raise UserError("value_too_long", self.length, len(text))
        return text

    @property
    def blank(self) -> Any:
        return ()

    def dump(self, value: Any) -> str:
        return " ".join(value or ())

    def show(self, value: Any) -> str:
        return ", ".join(value or ())

    def load(self, stored: Any) -> Any:
        if not stored:
            return ()
        return tuple(part for part in str(stored).split(self.separator) if part)

    def store(self, value: Any) -> Any:
        return self.separator.join(value or ())


class Tags(Lines):
    """Tags; blanks inside a tag are allowed, the order is alphabetical."""

    editor = "lines"
    between = r"[,;\n]+"

    def read(self, raw: Any) -> tuple[str, ...]:
        tags = super().read(raw)
        if len(tags) > 26:
            raise UserError("tag_limit_exceeded", 26)
        return tuple(sorted(tags))

    def dump(self, value: Any) -> str:
        return ", ".join(value or ())

    def load(self, stored: Any) -> Any:
        return tuple(sorted(super().load(stored)))


class Bits(Lines):
    """A set of named rights out of `choices`."""

    editor = "bits"

    def item(self, text: str) -> str:
        if text not in (self.choices or {}):
            raise UserError("value_not_choice", text, ", ".join(self.choices or {}))
        return text

    def read(self, raw: Any) -> tuple[str, ...]:
        given = set(super().read(raw))
        return tuple(bit for bit in self.choices if bit in given)

    def load(self, stored: Any) -> Any:
        given = set(super().load(stored))
        return tuple(bit for bit in self.choices if bit in given)


class Secret(Text):
    """Written, never read: not selected, not journaled, not exported."""

    editor = "secret"

    def __init__(self, default: Any = None, **given: Any) -> None:
        given = {"secret": True, "bulk": False, "sortable": False, "filterable": False, "csv": False, **given}
        given.setdefault("column", None)
        super().__init__(default, **given)

    def clean(self, text: str) -> str:
        if "\x00" in text:
            raise UserError("value_control_characters")
        return text

    def dump(self, value: Any) -> str:
        return ""

    def show(self, value: Any) -> str:
        return "•••" if value else ""


class Moment(Field):
    """A point in time.  Inside an aware UTC datetime; stored as the server's wall clock (addresses.md 1.4)."""

    __slots__ = ["zone"]
    dtype = "datetime64[us, UTC]"
    editor = "text"

    def __init__(self, default: Any = None, **given: Any) -> None:
        super().__init__(default, **given)
        self.zone: tzinfo = UTC

    def placed(self, zone: tzinfo) -> Field:
        found = copy(self)
        found.zone = zone
        return found

    def read(self, raw: Any) -> datetime:
        if isinstance(raw, datetime):
            return raw.astimezone(UTC) if raw.tzinfo else raw.replace(tzinfo=UTC)
        try:
            found = datetime.fromisoformat(str(raw).strip())
        except ValueError:
            raise UserError("value_not_moment", raw) from None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)

    def dump(self, value: Any) -> str:
        return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value is not None else ""

    def show(self, value: Any) -> str:
        return value.strftime("%Y-%m-%d %H:%M") if value is not None else ""

    def store(self, value: Any) -> Any:
        wall = value.astimezone(self.zone).replace(tzinfo=None) if value is not None else None
        return f"{wall:%Y-%m-%d %H:%M:%S}" if self.in_json and wall is not None else wall

    def load(self, stored: Any) -> Any:
        if stored in (None, "", "0", 0):
            return self.missing
        try:
            wall = stored if isinstance(stored, datetime) else datetime.fromisoformat(str(stored))
        except ValueError:
            return self.missing
        return wall.replace(tzinfo=wall.tzinfo or self.zone).astimezone(UTC)


class Epoch(Moment):
    """A point in time stored as Unix seconds (`spamalias.validity`)."""

    def placed(self, zone: tzinfo) -> Field:
        return self

    def store(self, value: Any) -> Any:
        return int(value.timestamp()) if value is not None else None

    def load(self, stored: Any) -> Any:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(stored)) if stored else self.missing


class Json(Field):
    """A flat map of texts, stored as a JSON object."""

    editor = "textarea"

    def read(self, raw: Any) -> dict[str, str]:
        try:
            value = json.loads(raw) if isinstance(raw, str) else raw
        except ValueError:
            raise UserError("value_invalid", raw) from None
        if isinstance(value, list | tuple) and not value:
            return {}
        if not isinstance(value, Mapping):
            raise UserError("value_invalid", raw)
        return {str(key): str(item) for key, item in value.items()}

    @property
    def blank(self) -> Any:
        return {}

    def dump(self, value: Any) -> str:
        return json.dumps(value or {}, ensure_ascii=False, sort_keys=True)

    def load(self, stored: Any) -> Any:
        if isinstance(stored, str):
            stored = json.loads(stored or "{}")
        return dict(stored) if isinstance(stored, Mapping) else {}


_RATE = re.compile(r"(\d+)\s*/\s*1?\s*([smhd])")


class RateLimit(Text):
    """Messages per time frame: "10/h", empty for no limit (addresses.md 18)."""

    def read(self, raw: Any) -> str:
        text = super().read(raw).lower()
        found = _RATE.fullmatch(text)
        if not found:
            raise UserError("rl_timeframe")
        if int(found[1]) < 1:
            raise UserError("rl_value")
        return f"{int(found[1])}/{found[2]}"

    @staticmethod
    def wire(value: str) -> str:
        """The text kept in Redis: `<int> / 1<frame>`."""
        number, frame = value.split("/")
        return f"{number} / 1{frame}"

    @staticmethod
    def unwire(stored: str | None) -> str:
        """Inside value of the text in Redis; unreadable text counts as no limit."""
        found = _RATE.fullmatch((stored or "").strip())
        return f"{int(found[1])}/{found[2]}" if found else ""


_PLAIN = Text(label="entry")


def choices_of(field: Field, ops: Any) -> dict[Any, str]:
    """The choices of `field` as they are now; {} when it has none."""
    found: Mapping[Any, str] | Callable[[Any], Mapping[Any, str]] | Sequence[Any] | None = field.choices
    if callable(found):
        found = found(ops)
    return dict(found) if isinstance(found, Mapping) else {}
