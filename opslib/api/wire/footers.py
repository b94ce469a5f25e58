"""`domain/footer`: a full replacement, as the contract has it (addresses.md 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opslib.api.wire import codec
from opslib.api.wire.category import Category
from opslib.api.wire.codec import In
from opslib.ops import Ops
from opslib.plan import Plan, Row
from opslib.resource import Resource

EXCLUDED = ("mbox_exclude", "alias_domain_exclude")
NOTHING: Row = {"html": "", "plain": "", "skip_replies": False, "mbox_exclude": (), "alias_domain_exclude": ()}


class Footers(Category):
    name = "domain/footer"
    resource = "footers"
    singular = "footer"
    log = ("mailbox", "domain_wide_footer")
    items = "domains"
    verbs = ("edit",)
    edited = {
        "html": codec.words("html"),
        "plain": codec.words("plain"),
        "skip_replies": codec.flag("skip_replies"),
        "exclude": codec.many("", "mailboxes, aliases and alias domains without a footer"),
        "mbox_exclude": codec.many("mbox_exclude"),
        "alias_domain_exclude": codec.many("alias_domain_exclude"),
    }

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        found = codec.read(inputs, attr)
        given = codec.as_list(attr.get("exclude"))
        if given is not codec.ABSENT:
            found["mbox_exclude"] = (*found.get("mbox_exclude", ()), *(item for item in given if "@" in item))
            names = (item for item in given if "@" not in item)
            found["alias_domain_exclude"] = (*found.get("alias_domain_exclude", ()), *names)
        return {**NOTHING, **found}

    def plan_edit(self, resource: Resource, keys: list[str], values: Row) -> Plan:
        """What cannot be excluded is told and left out; the rest is done."""
        plan = resource.edit(keys, values)
        strange = [outcome for outcome in plan.refused if outcome.key == "username_invalid"]
        if not strange:
            return plan
        bad = {outcome.args[0] for outcome in strange}
        kept = {name: tuple(i for i in values[name] if i.lower() not in bad) for name in EXCLUDED}
        plan = resource.edit(keys, {**values, **kept})
        told = {outcome.subject for outcome in plan.outcomes}
        for key in dict.fromkeys(outcome.subject for outcome in strange):
            if key not in told:
                plan.succeed(resource.modified_key, key, subject=key)
        plan.outcomes[:0] = strange
        return plan
