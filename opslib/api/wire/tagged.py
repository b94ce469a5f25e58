"""Tags of domains and mailboxes: searched by, added by an edit, removed by a call of their own (addresses.md 1.6, 7.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from opslib.api.calls import STAFF, Call, Route, Written
from opslib.api.envelope import call_of
from opslib.api.wire import codec
from opslib.api.wire.category import attempt, firsts
from opslib.plan import Plan, Row
from opslib.resource import Resource


class Tagged:
    """Beside `Category`, for resources with the field `tags`."""

    tag_log: ClassVar[str]

    def tag_route(self: Any) -> Route:
        """`delete/<category>/tag/<key>`: the body is the list of tags."""
        path, words = f"{self.name}/tag/{{key}}", f"Take tags from a {self.singular}"
        return Route("delete", path, self.untag, self.resource, words, {}, {}, self.tag, STAFF)

    def with_tags(self: Any, call: Call) -> Sequence[sa.ColumnElement[bool]]:
        """Rows that have a tag with one of the texts of `?tags=a,b` in it."""
        wanted = [text.strip() for text in call.query.get("tags", "").split(",") if text.strip()]
        if not wanted:
            return ()
        expression = self.of(call.ops).expressions["tags"]
        return (sa.or_(*(expression.contains(text, autoescape=True) for text in wanted)),)

    def plan_edit(self, resource: Resource, keys: list[str], values: Row) -> Plan:
        """An edit adds tags to those that are there."""
        if "tags" not in values:
            return resource.edit(keys, values)
        stored = resource.current(keys, ("tags",))
        rows = {key: {**values, "tags": (*_tags(stored, key), *values["tags"])} for key in keys}
        return resource.edit_rows(rows)

    def untag(self: Any, call: Call) -> Written:
        """Take tags away; those that are not there are gone already."""
        key, gone = call.path["key"], codec.as_tags(call.items)
        if not gone:
            return Written([], done=False)
        resource = self.of(call.ops)
        stored = resource.current([key], ("tags",))
        left = tuple(tag for tag in _tags(stored, key) if tag not in gone)
        done = attempt(call.ops, lambda: resource.edit_rows({key: {"tags": left}}))
        outcomes = self.per_item(call.ops, done.outcomes, [key], resource.modified_key, "edit")
        data = {"tags": list(call.items), self.items: key}
        log = call_of([self.log[0], "delete", self.tag_log], data, self.tail)
        items = [self.item(outcome, "untag", log) for outcome in firsts(outcomes)]
        return Written(items, done=not any(item.status == "danger" for item in items))


def _tags(stored: Any, key: str) -> tuple[str, ...]:
    return tuple(stored[key].before.get("tags") or ()) if key in stored else ()
