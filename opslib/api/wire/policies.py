"""Allow and deny lists: `domain-policy`, `mailbox-policy` and the four lists to read (addresses.md 15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from opslib.api.calls import EVERYBODY, Call, Route, Rows, Written
from opslib.api.envelope import Item
from opslib.api.wire import codec
from opslib.api.wire.category import EMPTY, Category, failure
from opslib.api.wire.codec import In
from opslib.errors import Denied, Problem
from opslib.ops import Ops
from opslib.plan import Outcome, Plan, Row
from opslib.resources.rules import domain_part
from opslib.schema import filterconf

LISTS = {"wl": "whitelist_from", "bl": "blacklist_from"}


class Policies(Category):
    """Entries of domains, or of mailboxes."""

    resource = "policies"
    singular = "list entry"
    items = "prefid"
    tail = ()
    roles = EVERYBODY
    verbs = ("add", "delete")
    said = {
        ("field_needed", "pattern"): ("policy_list_from_invalid", False),
        ("value_too_long", "pattern"): ("policy_list_from_invalid", False),
        ("field_needed", "object"): ("access_denied", False),
        ("value_not_choice", "list"): ("access_denied", False),
    }
    outputs = {
        "object": codec.text("object"),
        "value": codec.text("pattern"),
        "prefid": codec.number("prefid"),
    }

    def __init__(self, kind: str, owner: str) -> None:
        self.name = f"{kind}-policy"
        self.kind, self.owner = kind, owner
        self.log = ("policy", kind)
        self.added: Mapping[str, In] = {
            owner: codec.words("object"),
            "object_list": codec.words("list", "wl or bl"),
            "object_from": codec.words("pattern", "address, domain or pattern"),
        }

    @property
    def tag(self) -> str:
        return "policies"

    def routes(self) -> Iterator[Route]:
        yield from super().routes()
        every = {"anyOf": [{"type": "array", "items": codec.schema_of(self.outputs)}, EMPTY]}
        for short, option in LISTS.items():
            path, words = f"policy_{short}_{self.kind}", f"{'Allow' if short == 'wl' else 'Deny'} list of a {self.kind}"
            yield self._get(f"{path}/{{key}}", self._listed(option), words, every)
            if self.kind == "mailbox":
                yield self._get(path, self._listed(option), f"Own {words.lower()}", every)

    def _listed(self, option: str) -> Callable[[Call], Any]:
        """A domain's list holds the entries of its mailboxes too, a mailbox's those of its domain."""

        def run(call: Call) -> Any:
            key = call.path.get("key", call.ops.actor.name)
            mine = filterconf.c.object == key
            if self.kind == "domain":
                also = filterconf.c.object.endswith(f"@{key}", autoescape=True)
            else:
                also = filterconf.c.object == domain_part(key)
            return Rows(self.objects(call.ops, where=[filterconf.c.option == option, sa.or_(mine, also)]))

        return run

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        found = super().values(ops, inputs, attr, adding)
        found["list"] = LISTS.get(str(found.get("list")), "none")
        if ("@" in str(found.get("object", ""))) != (self.kind == "mailbox"):
            found["object"] = ""
        return found

    def add(self, call: Call) -> Written:
        values = self.values(call.ops, self.added, call.attr, True)
        return self.carried_out(call, "add", lambda: self.of(call.ops).add_many([values]), call.attr)

    def delete(self, call: Call) -> Written:
        """Entries of this kind only."""
        if not call.items:
            return Written([], done=False)
        resource, keys = self.of(call.ops), call.keys()
        found = resource.current(keys, ())
        mine = [k for k in keys if k in found and ("@" in found[k].before["object"]) == (self.kind == "mailbox")]

        def make() -> Plan:
            if not mine:
                raise Denied()
            plan = resource.delete(mine)
            plan.outcomes += [failure(Problem("access_denied"), key) for key in keys if key not in mine]
            return plan

        return self.carried_out(call, "delete", make, {}, keys)

    def item(self, outcome: Outcome, action: str, log: list[Any]) -> Item:
        found = super().item(outcome, action, log)
        if found.status != "success":
            return found
        if action == "add":
            key = f"{self.kind}_modified"
            return Item(found.status, key, (outcome.args[0] if outcome.args else outcome.subject,), log)
        return Item(found.status, "item_deleted" if self.kind == "domain" else "items_deleted", (outcome.subject,), log)
