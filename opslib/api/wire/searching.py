"""`search/domain` and `search/mailbox`: pages for DataTables (access.md 10.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from opslib.api.calls import STAFF, Call, Route
from opslib.api.wire import codec
from opslib.api.wire.category import Category
from opslib.query import Query

DOMAIN = {
    2: "domain",
    3: "aliases_in_domain",
    4: "mboxes_in_domain",
    5: "quota_used_in_domain",
    6: "bytes_total",
    7: "defquota",
    8: "maxquota",
    10: "backupmx",
    14: "tags",
    15: "active",
}
MAILBOX = {
    2: "username",
    3: "quota",
    4: "last_login",
    5: "last_password_change",
    6: "percent_in_use",
    7: "full_name",
    20: "messages",
    23: "tags",
    24: "active",
}
SEARCHED = {"domain": ("domain", "tags"), "mailbox": ("username", "full_name", "tags")}
MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Ask:
    """What of a request is used; anything unreadable is as if it were not there."""

    draw: int
    start: int
    length: int | None
    text: str
    sort: list[str]
    fields: list[str]


class Searching:
    """Their addresses."""

    def __init__(self, domains: Category, mailboxes: Category) -> None:
        self.tables = ((domains, DOMAIN), (mailboxes, MAILBOX))

    def routes(self) -> Iterator[Route]:
        for category, columns in self.tables:
            shape = codec.schema_of(category.outputs)
            yield Route(
                "search", category.name, self.searcher(category, columns), category.resource,
                f"A page of {category.plural} for DataTables", _answer(shape), REQUEST, category.tag, STAFF,
            )  # fmt: skip

    def searcher(self, category: Category, columns: Mapping[int, str]) -> Any:
        """Runs a search: three statements for count, page and filtered count, beside what completes the rows."""

        def run(call: Call) -> dict[str, Any]:
            ask = read_ask(call.attr, columns, SEARCHED[category.name])
            resource = category.of(call.ops)
            where = [_contains([resource.expressions[name] for name in ask.fields], ask.text)] if ask.text else []
            total = resource.tally()
            found = resource.tally(where) if where else total
            rows = category.objects(
                call.ops, Query(sort=ask.sort), where=where, limit=ask.length or MOST, offset=ask.start
            )
            return {"draw": ask.draw, "recordsTotal": total, "recordsFiltered": found, "data": list(rows)}

        return run


def read_ask(body: Mapping[str, Any], columns: Mapping[int, str], searched: tuple[str, ...]) -> Ask:
    """The request as far as it can be read."""
    search, length = body.get("search"), _number(body.get("length"), 25)
    text = search.get("value") if isinstance(search, Mapping) else ""
    return Ask(
        min(max(_number(body.get("draw"), 0), 0), 2**53),
        min(max(_number(body.get("start"), 0), 0), MOST),
        None if length < 1 else min(length, MOST),
        str(text or "").strip()[:255],
        _sort(body.get("order"), columns),
        _fields(body.get("columns"), columns, searched),
    )


def _sort(order: Any, columns: Mapping[int, str]) -> list[str]:
    """Unknown positions fall back to the first column (access.md 10.6)."""
    first = next(iter(columns.values()))
    entries = [entry for entry in order if isinstance(entry, Mapping)] if isinstance(order, list) else []
    names = [
        (columns.get(_number(e.get("column"), 0), first), str(e.get("dir", "")).lower() == "desc") for e in entries
    ]
    kept: dict[str, str] = {}
    for name, down in names[:8]:
        kept.setdefault(name, f"-{name}" if down else name)
    return list(kept.values())


def _fields(given: Any, columns: Mapping[int, str], searched: tuple[str, ...]) -> list[str]:
    """Columns flagged searchable, of those that are text; none flagged means all of these."""
    flags = list(given) if isinstance(given, list) else []
    wanted = [
        name
        for place, name in columns.items()
        if name in searched and place < len(flags) and isinstance(flags[place], Mapping) and _on(flags[place])
    ]
    return wanted or list(searched)


def _on(column: Mapping[str, Any]) -> bool:
    return str(column.get("searchable")).lower() in ("true", "1")


def _contains(expressions: list[sa.ColumnElement[Any]], text: str) -> sa.ColumnElement[bool]:
    return sa.or_(*(expression.contains(text, autoescape=True) for expression in expressions))


def _number(value: Any, fallback: int) -> int:
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError):
        return fallback


REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "draw": {"type": "integer"},
        "start": {"type": "integer"},
        "length": {"type": "integer", "description": "-1 for all"},
        "search": {"type": "object", "properties": {"value": {"type": "string"}}},
        "order": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"column": {"type": "integer"}, "dir": {"enum": ["asc", "desc"]}},
            },
        },
        "columns": {"type": "array", "items": {"type": "object", "properties": {"searchable": {"type": "boolean"}}}},
    },
}


def _answer(shape: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: {"type": "integer"} for name in ("draw", "recordsTotal", "recordsFiltered")}
    return {
        "type": "object",
        "properties": {**numbers, "data": {"type": "array", "items": dict(shape)}},
        "required": [*numbers, "data"],
    }
