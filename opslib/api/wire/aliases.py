"""`alias` (addresses.md 11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from opslib.api.calls import Call, Route, Written
from opslib.api.envelope import Item
from opslib.api.wire import codec
from opslib.api.wire.category import EMPTY, Category
from opslib.api.wire.codec import In
from opslib.names import list_items
from opslib.ops import Ops
from opslib.plan import Outcome, Row
from opslib.schema import alias
from opslib.site import Site
from opslib.stores.database import chunks, read

SPECIAL = {"goto_null": "null@localhost", "goto_spam": "spam@localhost", "goto_ham": "ham@localhost"}
FLAGS = ("active", "sogo_visible", "internal", "sender_allowed")
SHARED: dict[str, In] = {
    "address": codec.many("address", "one or many addresses; @domain for a catch-all"),
    "goto": codec.many("goto", "targets"),
    **{name: codec.flag(name) for name in FLAGS},
    "private_comment": codec.words("private_comment"),
    "public_comment": codec.words("public_comment"),
}
BESIDE: dict[str, In] = {name: codec.flag("", f"deliver to {target}") for name, target in SPECIAL.items()}


class Aliases(Category):
    name = "alias"
    resource = "aliases"
    singular = "alias"
    log = ("mailbox", "alias")
    items = "id"
    unknown = {"edit": ("alias_invalid", True)}
    outputs = {
        "in_primary_domain": codec.text("in_primary_domain"),
        "id": codec.number("id"),
        "domain": codec.text("domain"),
        "public_comment": codec.text("public_comment", codec.NULLABLE),
        "private_comment": codec.text("private_comment", codec.NULLABLE),
        "goto": codec.Out(lambda row, _: ",".join(row["goto"]), codec.TEXT, ("goto",)),
        "address": codec.text("address"),
        "is_catch_all": codec.bit("is_catch_all"),
        "internal": codec.bit("internal"),
        "active": codec.bit("active"),
        "active_int": codec.bit("active"),
        "sogo_visible": codec.bit("sogo_visible"),
        "sogo_visible_int": codec.bit("sogo_visible"),
        "sender_allowed": codec.bit("sender_allowed"),
        "created": codec.stamp("created"),
        "modified": codec.stamp("modified"),
    }
    added = {**SHARED, **BESIDE}
    edited = {**SHARED, **BESIDE, "expand_alias": codec.flag("", "make it in every alias domain too")}

    def routes(self) -> Iterator[Route]:
        yield from super().routes()
        every = {"anyOf": [{"type": "array", "items": codec.schema_of(self.outputs)}, EMPTY]}
        yield self._get("alias/all/{domains}", self.every, "All aliases of some domains", every)

    def narrowed(self, call: Call) -> Sequence[sa.ColumnElement[bool]]:
        wanted = list_items(call.path.get("domains", ""))
        return [self.of(call.ops).expressions["domain"].in_(wanted)] if "domains" in call.path else []

    def one(self, call: Call) -> Any:
        """An alias by its number, which is all digits, or by its address."""
        key = call.path["key"]
        if key.isascii() and key.isdecimal():
            return super().one(call)
        found = self.objects(call.ops, where=[alias.c.address == key])
        return next((o for o in found if str(o["address"]).casefold() == key.casefold()), {})

    def named(self, found: Mapping[str, Any], key: str) -> bool:
        return True

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        found = super().values(ops, inputs, attr, adding)
        found = {name: value for name, value in found.items() if value != () or name not in ("goto", "address")}
        special = next((target for name, target in SPECIAL.items() if codec.as_flag(attr.get(name)) is True), None)
        if special:
            found.pop("goto", None)
            found["special"] = special
        if not adding:
            if "address" in found:
                found["address"] = found["address"][0]
            return found
        return {**dict.fromkeys(FLAGS, False), **found}  # what is not sent is off (addresses.md 11.3)

    def add(self, call: Call) -> Written:
        done = super().add(call)
        found = numbers(call.ops.site, [str(item.args[0]) for item in done.items if item.key == "alias_added"])
        return Written([_numbered(item, found) for item in done.items], done.done)

    def edit(self, call: Call) -> Written:
        if codec.as_flag(call.attr.get("expand_alias")) is True:
            resource, keys = self.of(call.ops), call.keys()
            return self.carried_out(call, "edit", lambda: resource.run("expand", keys), call.attr, keys)
        return super().edit(call)

    def item(self, outcome: Outcome, action: str, log: list[Any]) -> Item:
        bare = ("alias_empty", "goto_empty", "comment_too_long", "max_alias_exceeded", "alias_goto_identical")
        found = super().item(outcome, action, log)
        return Item(found.status, found.key, (), log, found.field) if found.key in bare else found


def numbers(site: Site, addresses: Sequence[str]) -> dict[str, str]:
    """Number of each of the aliases, by address."""
    found: dict[str, str] = {}
    with read(site.engine) as connection:
        for chunk in chunks(list(addresses)):
            query = sa.select(alias.c.address, alias.c.id).where(alias.c.address.in_(chunk))
            found.update({address.lower(): str(key) for address, key in connection.execute(query)})
    return found


def _numbered(item: Item, numbers: Mapping[str, str]) -> Item:
    if item.key != "alias_added":
        return item
    address = str(item.args[0])
    return Item(item.status, item.key, (address, numbers.get(address.lower(), "")), item.log, item.field)
