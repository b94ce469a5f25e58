"""`time_limited_aliases` and `time_limited_alias` (addresses.md 12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from opslib.api.calls import EVERYBODY, Call, Route, Rows
from opslib.api.wire import codec
from opslib.api.wire.category import EMPTY, Category
from opslib.api.wire.codec import In, Out
from opslib.errors import UserError
from opslib.ops import Ops
from opslib.plan import Plan, Row
from opslib.resource import Resource


def _epoch(row: Row, _: Any) -> int:
    until: datetime | None = row["validity"]
    return int(until.timestamp()) if until is not None else 0


class TemporaryAliases(Category):
    name = "time_limited_alias"
    resource = "temporary_aliases"
    singular = "temporary alias"
    log = ("mailbox", "time_limited_alias")
    items = "address"
    roles = EVERYBODY
    verbs = ("add", "edit", "delete")
    outputs = {
        "address": codec.text("address"),
        "goto": codec.text("goto"),
        "description": codec.text("description"),
        "validity": Out(_epoch, codec.INTEGER, ("validity",)),
        "created": codec.stamp("created"),
        "modified": codec.stamp("modified"),
        "permanent": codec.bit("permanent"),
    }
    added = {
        "username": codec.filled("goto", "mailbox; the own one when missing"),
        "domain": codec.filled("domain"),
        "description": codec.words("description"),
        "validity": codec.filled("hours", "hours, 1 to 87600"),
        "permanent": codec.flag("permanent"),
    }
    edited = {"validity": codec.filled("hours", "hours from now"), "permanent": added["permanent"]}

    def routes(self) -> Iterator[Route]:
        yield from super().routes()
        every = {"anyOf": [{"type": "array", "items": codec.schema_of(self.outputs)}, EMPTY]}
        yield self._get("time_limited_aliases", self.every, "Own temporary aliases", every)
        yield self._get("time_limited_aliases/{key}", self.every, "Temporary aliases of a mailbox", every)

    def every(self, call: Call) -> Any:
        """Those of one mailbox; without its name the own ones, which only mailbox users have."""
        return Rows(self.objects(call.ops, where=self.narrowed(call)))

    def narrowed(self, call: Call) -> Sequence[sa.ColumnElement[bool]]:
        return [self.of(call.ops).expressions["goto"] == call.path.get("key", call.ops.actor.name)]

    def plan_edit(self, resource: Resource, keys: list[str], values: Row) -> Plan:
        if values.get("permanent"):
            return resource.run("keep", keys)
        if "hours" in values:
            return resource.run("extend", keys, {"hours": values["hours"]})
        raise UserError("validity_missing")

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        found = super().values(ops, inputs, attr, adding)
        return {**found, "domain": str(found["domain"]).lower()} if "domain" in found else found
