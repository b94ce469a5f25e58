"""`alias-domain` (addresses.md 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opslib.api.calls import Call, Written
from opslib.api.envelope import Item
from opslib.api.wire import codec
from opslib.api.wire.category import Category
from opslib.api.wire.domains import keys_made, limits_set
from opslib.plan import Plan


class AliasDomains(Category):
    name = "alias-domain"
    resource = "alias_domains"
    singular = "alias domain"
    log = ("mailbox", "alias_domain")
    items = "alias_domain"
    unknown = {"edit": ("alias_domain_invalid", True)}
    said = {("targetd_not_found", "target_domain"): ("access_denied", False)}
    outputs = {
        "alias_domain": codec.text("alias_domain"),
        "parent_is_backupmx": codec.bit("parent_is_backupmx"),
        "target_domain": codec.text("target_domain"),
        "active": codec.bit("active"),
        "active_int": codec.bit("active"),
        "rl": codec.rate("rate_limit"),
        "created": codec.stamp("created"),
        "modified": codec.stamp("modified"),
    }
    added = {
        "alias_domain": codec.many("alias_domain", "one or many names"),
        "target_domain": codec.words("target_domain"),
        "active": codec.flag("active"),
        "dkim_selector": codec.words("dkim_selector"),
        "key_size": codec.filled("key_size"),
        **codec.RATED,
    }
    edited = {"target_domain": codec.filled("target_domain"), "active": codec.flag("active")}

    def add(self, call: Call) -> Written:
        """One alias domain for each name."""
        values = codec.read(self.added, call.attr)
        values["rate_limit"] = codec.rate_from(call.attr)
        if not call.attr.get("key_size"):
            values["dkim_selector"] = ""
        rows = [{**values, "alias_domain": name} for name in values.get("alias_domain") or ("",)]
        return self.carried_out(call, "add", lambda: self.of(call.ops).add_many(rows), call.attr)

    def named(self, found: Mapping[str, Any], key: str) -> bool:
        return str(found["alias_domain"]).casefold() == key.casefold()

    def beside(self, call: Call, plan: Plan) -> list[Item]:
        return [*limits_set(plan, "domain"), *keys_made(plan)]
