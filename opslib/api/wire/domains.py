"""`domain`, its tags and its rate limit in the list of answers (addresses.md 7.1-7.5, 7.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from opslib import names
from opslib.api.calls import Call, Route
from opslib.api.envelope import Item, call_of
from opslib.api.wire import codec
from opslib.api.wire.category import Category
from opslib.api.wire.codec import In, Out
from opslib.api.wire.tagged import Tagged
from opslib.ops import Ops
from opslib.plan import Plan, Row
from opslib.resources import rate_limits

LIMITS: dict[str, In] = {
    "aliases": codec.filled("aliases", "most aliases"),
    "mailboxes": codec.filled("mailboxes", "most mailboxes"),
    "defquota": codec.mib("defquota", "MiB of a new mailbox"),
    "maxquota": codec.mib("maxquota", "most MiB of one mailbox"),
    "quota": codec.mib("quota", "most MiB of all mailboxes together"),
}
FLAGS = ("active", "gal", "backupmx", "relay_all_recipients", "relay_unknown_only")
SWITCHES: dict[str, In] = {name: codec.flag(name) for name in FLAGS}


def twins(*fields: str) -> dict[str, Out]:
    """Each flag and its `_int` twin."""
    return {name + ending: codec.bit(name) for name in fields for ending in ("", "_int")}


def _unicode(row: Row, _: Any) -> str:
    return names.domain_unicode(row["domain"])


class Domains(Tagged, Category):
    name = "domain"
    resource = "domains"
    singular = "domain"
    log = ("mailbox", "domain")
    items = "domain"
    tag_log = "tags_domain"
    unknown = {"edit": ("domain_invalid", False), "delete": ("access_denied", False)}
    said = {
        ("domain_invalid", "domain"): ("domain_invalid", False),
        ("field_needed", "domain"): ("domain_invalid", False),
        ("value_control_characters", "domain"): ("domain_invalid", False),
        ("value_too_long", "domain"): ("domain_invalid", False),
    }
    outputs = {
        "max_new_mailbox_quota": codec.number("max_new_mailbox_quota"),
        "def_new_mailbox_quota": codec.number("def_new_mailbox_quota"),
        "quota_used_in_domain": codec.digits("quota_used_in_domain"),
        "bytes_total": codec.amount("bytes_total"),
        "msgs_total": codec.amount("msgs_total"),
        "mboxes_in_domain": codec.number("mboxes_in_domain"),
        "mboxes_left": codec.number("mboxes_left"),
        "domain_name": codec.text("domain"),
        "domain_h_name": Out(_unicode, codec.TEXT, ("domain",)),
        "description": codec.text("description"),
        "max_num_aliases_for_domain": codec.number("aliases"),
        "max_num_mboxes_for_domain": codec.number("mailboxes"),
        "def_quota_for_mbox": codec.number("defquota"),
        "max_quota_for_mbox": codec.number("maxquota"),
        "max_quota_for_domain": codec.number("quota"),
        "relayhost": codec.text("relayhost"),
        **twins("backupmx", "gal"),
        "rl": codec.rate("rate_limit"),
        **twins("active", "relay_all_recipients", "relay_unknown_only"),
        "created": codec.stamp("created"),
        "modified": codec.stamp("modified"),
        "aliases_in_domain": codec.number("aliases_in_domain"),
        "aliases_left": codec.number("aliases_left"),
        "domain_admins": Out(
            lambda row, _: ", ".join(row["domain_admins"]) or "-", codec.TEXT, ("domain_admins",), optional=True
        ),
        "tags": codec.tags(),
    }
    added = {
        "domain": codec.words("domain"),
        "description": codec.filled("description"),
        **LIMITS,
        **SWITCHES,
        "tags": codec.tagging(doc="tags of the new domain"),
        "template": codec.filled("template", "number of a domain template"),
        "dkim_selector": codec.words("dkim_selector"),
        "key_size": codec.words("key_size"),
        "restart_sogo": codec.flag("restart_sogo"),
        **codec.RATED,
    }
    edited = {
        "description": codec.filled("description"),
        **LIMITS,
        **SWITCHES,
        "relayhost": In(
            "relayhost", lambda value: str(value or "0"), codec.SCALAR, "number of a transport, 0 for none"
        ),
        "tags": codec.tagging(),
    }

    def routes(self) -> Iterator[Route]:
        yield from super().routes()
        yield self.tag_route()

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        found = super().values(ops, inputs, attr, adding)
        if adding and "rl_value" in attr:
            found["rate_limit"] = codec.rate_from(attr)
        if adding and ("key_size" in attr) and not attr["key_size"]:
            found |= {"dkim_selector": "", "key_size": None}
        if not adding and not ops.actor.is_admin:  # what a domain administrator may not write is passed over (7.3)
            resource = self.of(ops)
            found = {name: value for name, value in found.items() if resource.writable(name)}
        return found

    def narrowed(self, call: Call) -> Sequence[sa.ColumnElement[bool]]:
        return self.with_tags(call)

    def one(self, call: Call) -> Any:
        """A domain; the name of an alias domain gives its target."""
        try:
            name = names.domain(call.path["key"])
        except ValueError:
            return {}
        aliased = call.ops.resource("alias_domains").current([name], ())
        if name in aliased:
            name = aliased[name].raw["target_domain"]
        return super().one(Call(call.ops, {"key": name}))

    def named(self, found: Mapping[str, Any], key: str) -> bool:
        return str(found["domain_name"]).casefold() == key.casefold()

    def beside(self, call: Call, plan: Plan) -> list[Item]:
        return [*limits_set(plan, "domain"), *keys_made(plan)]


def limits_set(plan: Plan, kind: str) -> Iterator[Item]:
    """Items of the rate limits that a plan sets along with its objects."""
    for effect in plan.effects:
        if effect.kind == "keyvalue" and effect.args.get("key") == rate_limits.KEY and effect.verb == "hset":
            for name, stored in effect.args["fields"].items():
                value, _, frame = stored.partition(" / 1")
                data = {"rl_value": int(value), "rl_frame": frame, "object": name}
                yield Item("success", "rl_saved", (name,), call_of(["ratelimit", "edit", kind], data))


def keys_made(plan: Plan) -> Iterator[Item]:
    """Items of the DKIM keys that are made or used again."""
    for effect in plan.effects:
        if effect.verb == "make_dkim_key":
            args = effect.args
            data = {"key_size": args["size"], "dkim_selector": args["selector"], "domains": args["domain"]}
            yield Item("success", "dkim_added", (args["domain"],), call_of(["dkim", "add"], data))
    for problem in plan.warnings:
        if problem.key == "domain_add_dkim_available":
            yield Item("success", problem.key, problem.args, call_of(["dkim", "add"], {"domains": problem.args[0]}))
