"""What is asked of a resource: search, conditions, order, page.  Shared by grids, URLs, notebooks, CLI and API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import parse_qsl, urlencode

import pandas as pd
import param
import sqlalchemy as sa

from opslib.errors import UserError
from opslib.fields import Field, Lines

if TYPE_CHECKING:
    from opslib.record import Record

Clause = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to compare: key in URLs, words in sentences, whether it needs a value, whether the value is free text."""

    key: str
    words: str
    needs_value: bool = True
    text: bool = False


OPERATORS: dict[str, Operator] = {
    op.key: op
    for op in (
        Operator("contains", "contains", text=True),
        Operator("starts", "starts with", text=True),
        Operator("is", "is"),
        Operator("not", "is not"),
        Operator("in", "is one of"),
        Operator("ge", "is at least"),
        Operator("le", "is at most"),
        Operator("empty", "is empty", needs_value=False),
        Operator("filled", "is not empty", needs_value=False),
    )
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Field, operator and the value as text (edge form); `in` takes a value list joined by `|`."""

    field: str
    op: str
    value: str = ""

    def clause(self, field: Field, expression: sa.ColumnElement[Any]) -> Clause:
        """SQL of the condition.

        Raises
        ------
        UserError
            When the value does not fit the field.
        """
        operator = OPERATORS.get(self.op)
        if operator is None or not field.filterable:
            raise UserError("filter_unknown", f"{self.field}={self.op}", field=self.field)
        _encodable(self.value, self.field)
        if operator.text:
            return self._text(field, expression)
        if not operator.needs_value:
            blank = sa.or_(expression.is_(None), sa.cast(expression, sa.String) == "")
            return blank if self.op == "empty" else sa.not_(blank)
        return self._compare(field, expression)

    def _text(self, field: Field, expression: sa.ColumnElement[Any]) -> Clause:
        text, value = _as_text(expression), self.value
        if field.in_json:
            text, value = sa.func.lower(text), value.lower()
        return text.startswith(value, autoescape=True) if self.op == "starts" else text.contains(value, autoescape=True)

    def _compare(self, field: Field, expression: sa.ColumnElement[Any]) -> Clause:
        if isinstance(field, Lines):
            return self._listed(field, expression)
        texts = self.value.split("|") if self.op == "in" else [self.value]
        values = [field.clause(expression, field.parse(text)) for text in texts]
        if None in values:
            return self._compare_nothing(field, expression)
        match self.op:
            case "in":
                return expression.in_(values)
            case "not":
                return sa.or_(expression != values[0], expression.is_(None))
            case "ge":
                found: Clause = expression >= values[0]
            case "le":
                found = expression <= values[0]
            case _:
                found = expression == values[0]
        return found

    def _listed(self, field: Lines, expression: sa.ColumnElement[Any]) -> Clause:
        """Whether a list holds an entry, or one of several."""
        if self.op not in {"is", "not", "in"}:
            raise UserError("filter_unknown", f"{self.field}={self.op}", field=self.field)
        edge = '"' if isinstance(expression.type, sa.JSON) else field.separator
        text = sa.literal(edge) + sa.func.coalesce(_as_text(expression), "") + sa.literal(edge)
        entries = self.value.split("|") if self.op == "in" else [self.value]
        held = sa.or_(*(text.contains(f"{edge}{entry.strip()}{edge}", autoescape=True) for entry in entries))
        return sa.not_(held) if self.op == "not" else held

    def _compare_nothing(self, field: Field, expression: sa.ColumnElement[Any]) -> Clause:
        if self.op not in {"is", "not"}:
            raise UserError("field_needed", field.label, field=self.field)
        return expression.is_(None) if self.op == "is" else expression.is_not(None)

    def sentence(self, field: Field) -> str:
        """The condition in words."""
        words = OPERATORS[self.op].words
        return f"{field.label} {words} {self.value.replace('|', ', ')}".strip()


class Query(param.Parameterized):
    """A question: which rows, in which order, which page."""

    search = param.String(default="", doc="Text looked for in the fields that make up the global search.")
    conditions = param.List(default=[], item_type=Condition, doc="All of these must hold.")
    sort = param.List(default=[], item_type=str, doc='Field names, most important first; "-name" is descending.')
    page = param.Integer(default=1, bounds=(1, None), doc="Page number, from 1.")
    page_size = param.Integer(default=25, bounds=(1, 1000), doc="Rows on a page.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)  # type: ignore[no-untyped-call]

    RESERVED: ClassVar[tuple[str, ...]] = ("q", "sort", "page", "size")

    @classmethod
    def where(cls, search: str = "", sort: Iterable[str] | str = (), **conditions: Any) -> Self:
        """Shorthand: `Query.where(domain="example.org", quota__ge="1 GiB", sort="-quota")`."""
        found = []
        for name, value in conditions.items():
            field, _, op = name.partition("__")
            text = "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            found.append(Condition(field, op or ("in" if isinstance(value, list | tuple) else "is"), text))
        return cls(search=search, conditions=found, sort=[sort] if isinstance(sort, str) else list(sort))

    @classmethod
    def from_url(cls, text: str, **fallback: Any) -> Self:
        """Query of a URL's query string; unreadable numbers fall back to the defaults."""
        given: dict[str, Any] = dict(fallback)
        conditions: list[Condition] = []
        for name, value in parse_qsl(text.lstrip("?"), keep_blank_values=True):
            if name == "q":
                given["search"] = value
            elif name == "sort":
                given["sort"] = [part for part in value.split(",") if part]
            elif name == "page" and value.isdecimal():
                given["page"] = max(int(value), 1)
            elif name == "size" and value.isdecimal():
                given["page_size"] = min(max(int(value), 1), 1000)
            elif name not in cls.RESERVED:
                op, _, rest = value.partition(":")
                conditions.append(Condition(name, op, rest))
        return cls(**given, conditions=conditions)

    def to_url(self, page_size: int = 25) -> str:
        """The query string that `from_url` reads; defaults are left out."""
        pairs = [("q", self.search)] if self.search else []
        pairs += [(c.field, f"{c.op}:{c.value}") for c in self.conditions]
        pairs += [("sort", ",".join(self.sort))] if self.sort else []
        pairs += [("page", str(self.page))] if self.page != 1 else []
        pairs += [("size", str(self.page_size))] if self.page_size != page_size else []
        return urlencode(pairs)

    def sentence(self, record: type[Record]) -> str:
        """The question in words, "" when it asks for everything."""
        fields = record.fields()
        parts = [f"“{self.search}”"] if self.search else []
        parts += [c.sentence(fields[c.field]) for c in self.conditions if c.field in fields and c.op in OPERATORS]
        return " and ".join(parts)

    @property
    def narrows(self) -> bool:
        """Whether any row may be left out."""
        return bool(self.search or self.conditions)

    def copy(self, **changes: Any) -> Self:
        """The same question with some parts changed."""
        now = {name: getattr(self, name) for name in ("search", "conditions", "sort", "page", "page_size")}
        return type(self)(**{**now, **changes})

    def clauses(self, fields: Mapping[str, Field], expressions: Mapping[str, sa.ColumnElement[Any]]) -> list[Clause]:
        """WHERE clauses over the expressions of `fields`; unknown names are refused, never passed on."""
        found: list[Clause] = []
        for condition in self.conditions:
            if condition.field not in expressions:
                raise UserError("filter_unknown", condition.field, field=condition.field)
            found.append(condition.clause(fields[condition.field], expressions[condition.field]))
        _encodable(self.search, None)
        for word in self.search.split():
            texts = [expressions[name] for name, field in fields.items() if field.search and name in expressions]
            found.append(sa.or_(*(sa.cast(text, sa.String).contains(word, autoescape=True) for text in texts)))
        return found

    def order(self, expressions: Mapping[str, sa.ColumnElement[Any]]) -> list[tuple[sa.ColumnElement[Any], bool]]:
        """(expression, descending) of every sort field; unknown names are refused."""
        found = []
        for entry in self.sort:
            name = entry.lstrip("-")
            if name not in expressions:
                raise UserError("field_unknown", name, field=name)
            found.append((expressions[name], entry.startswith("-")))
        return found


def _as_text(expression: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return expression if isinstance(expression.type, sa.String) else sa.cast(expression, sa.String)


def _encodable(text: str, field: str | None) -> None:
    """Refuse halves of characters, which no database takes."""
    if any(0xD800 <= ord(c) < 0xE000 for c in text):
        raise UserError("value_control_characters", field=field)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows: DataFrame indexed by key, number of all matching rows, and the question it answers."""

    frame: pd.DataFrame
    total: int
    query: Query

    @property
    def pages(self) -> int:
        return max(-(-self.total // self.query.page_size), 1)


@dataclass(frozen=True, slots=True)
class Selection:
    """Explicit keys, or all rows that match a query less the excluded ones."""

    keys: tuple[Any, ...] = ()
    query: Query | None = None
    exclude: tuple[Any, ...] = ()

    @classmethod
    def of(cls, *keys: Any) -> Self:
        """These rows."""
        return cls(keys=tuple(dict.fromkeys(keys)))

    @classmethod
    def matching(cls, query: Query, exclude: Iterable[Any] = ()) -> Self:
        """Every row that matches, but for `exclude`."""
        return cls(query=query, exclude=tuple(exclude))

    @classmethod
    def read(cls, given: Any) -> Self:
        """Selection of a key, a list of keys, a Query, an index or a frame."""
        if isinstance(given, cls):
            return given
        if isinstance(given, Query):
            return cls.matching(given)
        if isinstance(given, pd.DataFrame):
            given = given.index
        if isinstance(given, str | int):
            return cls.of(given)
        return cls.of(*given)
