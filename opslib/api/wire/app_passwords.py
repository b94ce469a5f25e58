"""`app-passwd`, without the hashes (addresses.md 16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from opslib.api.calls import EVERYBODY, Call, Route, Written
from opslib.api.envelope import Item
from opslib.api.wire import codec, passwords
from opslib.api.wire.category import EMPTY, Category
from opslib.api.wire.codec import In, Out
from opslib.plan import Outcome
from opslib.resources.app_passwords import PROTOCOLS


def _access(name: str) -> Out:
    return Out(lambda row, _: int(name in row["protocols"]), codec.BIT, ("protocols",))


SHARED: dict[str, In] = {
    "app_name": codec.words("app_name"),
    "app_passwd": codec.filled("password"),
    "app_passwd2": codec.filled("", "the password again"),
    "active": codec.flag("active"),
    "protocols": codec.many("protocols", ", ".join(PROTOCOLS)),
}


class AppPasswords(Category):
    name = "app-passwd"
    resource = "app_passwords"
    singular = "app password"
    log = ("app_passwd",)
    tail = ()
    items = "id"
    roles = EVERYBODY
    unknown = {"edit": ("app_passwd_id_invalid", True), "delete": ("app_passwd_id_invalid", True)}
    said = {("field_needed", "mailbox"): ("access_denied", False)}
    outputs = {
        "id": codec.number("id"),
        "name": codec.text("app_name"),
        "mailbox": codec.text("mailbox"),
        "domain": codec.text("domain"),
        "created": codec.stamp("created"),
        "modified": codec.stamp("modified"),
        **{name: _access(name) for name in PROTOCOLS},
        "active": codec.bit("active"),
    }
    added = {"username": codec.filled("mailbox", "the own mailbox when missing"), **SHARED}
    edited = SHARED

    def routes(self) -> Iterator[Route]:
        yield from super().routes()
        every = {"anyOf": [{"type": "array", "items": codec.schema_of(self.outputs)}, EMPTY]}
        yield self._get("app-passwd/all/{mailbox}", self.every, "App passwords of a mailbox", every)

    def narrowed(self, call: Call) -> Sequence[sa.ColumnElement[bool]]:
        mailbox = call.path.get("mailbox")
        return [self.of(call.ops).expressions["mailbox"] == mailbox] if mailbox else []

    def named(self, found: Mapping[str, Any], key: str) -> bool:
        return True

    def add(self, call: Call) -> Written:
        values = self.values(call.ops, self.added, call.attr, True)
        problem = passwords.pair_problem(call.attr, "app_passwd", required=True)
        if problem is not None:
            values["password"] = "x"  # judged by nothing but the policy, which it never meets
        make = passwords.unless(problem, lambda: self.of(call.ops).add_many([values]))
        return self.carried_out(call, "add", make, call.attr)

    def edit(self, call: Call) -> Written:
        if not call.items:
            return Written([])
        keys, values = call.keys(), self.values(call.ops, self.edited, call.attr, False)
        problem = passwords.pair_problem(call.attr, "app_passwd", required=False)
        if problem is not None:
            values["password"] = "x"
        resource = self.of(call.ops)
        make = passwords.unless(problem, lambda: resource.edit(keys, values))
        return self.carried_out(call, "edit", make, call.attr, keys)

    def item(self, outcome: Outcome, action: str, log: list[Any]) -> Item:
        found = super().item(outcome, action, log)
        if found.key == "app_passwd_added":
            return Item(found.status, found.key, (), log)
        if found.key in ("object_modified", "app_passwd_removed"):
            return Item(found.status, found.key, (outcome.subject,), log)
        return found
