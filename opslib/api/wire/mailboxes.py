"""`mailbox`: objects, add, edit, delete, tags (addresses.md 9.1-9.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from opslib.api.calls import Call, Route, Rows, Written
from opslib.api.envelope import Item, call_of
from opslib.api.wire import codec, passwords
from opslib.api.wire.category import EMPTY, Category
from opslib.api.wire.codec import In, Out
from opslib.api.wire.mailbox_facts import ALSO, COMPLETED, complete, sign_ins
from opslib.api.wire.tagged import Tagged
from opslib.names import list_items
from opslib.ops import Ops
from opslib.plan import Outcome, Plan, Row
from opslib.resource import Resource
from opslib.resources.mailboxes.choices import AUTHSOURCES, BITS, LOCAL, PROTOCOLS

ACCESS = tuple(f"{protocol}_access" for protocol in PROTOCOLS)
FLAGS: dict[str, In] = {name: codec.flag(name) for name in ("force_pw_update", "force_tfa", "sogo_access", *ACCESS)}
TLS: dict[str, In] = {name: codec.flag(name) for name in ("tls_enforce_in", "tls_enforce_out")}
SHARED: dict[str, In] = {
    "active": codec.filled("active", "0 off, 1 on, 2 receives only"),
    "quota": codec.mib("quota", "MiB, 0 for unlimited"),
    "name": codec.filled("full_name"),
    "password": codec.filled("password"),
    "relayhost": In("relayhost", lambda value: str(value or "0"), codec.SCALAR, "number of a transport, 0 for none"),
    **FLAGS,
    "password2": codec.filled("", "the password again"),
    "protocol_access": codec.many("", "imap, pop3, smtp, sieve, eas, dav: sets all six"),
}


def _attributes(row: Row, _: Any) -> dict[str, Any]:
    return dict(row["attributes"] or {})


def _percent(row: Row, _: Any) -> Any:
    return round(row["quota_used"] / row["quota"] * 100) if row["quota"] else "- "


def _class(row: Row, resource: Any) -> str:
    percent = _percent(row, resource)
    if percent == "- ":
        return "info"
    return "danger" if percent >= 90 else "warning" if percent >= 75 else "success"


OPEN: Mapping[str, Any] = {"type": "object"}
SHORT: dict[str, Out] = {
    "username": codec.text("username"),
    "active": codec.number("active"),
    "active_int": codec.number("active"),
    "domain": codec.text("domain"),
    "name": codec.text("full_name"),
    "local_part": codec.text("local_part"),
    "quota": codec.number("quota"),
    "messages": codec.number("messages"),
    "attributes": Out(_attributes, OPEN, ("attributes",)),
    "custom_attributes": Out(
        lambda row, _: row["custom_attributes"] or [],
        {"anyOf": [OPEN, {"type": "array", "maxItems": 0}]},
        ("custom_attributes",),
    ),
    "quota_used": codec.number("quota_used"),
    "percent_in_use": Out(_percent, {"anyOf": [codec.INTEGER, {"const": "- "}]}, ("quota", "quota_used")),
    "created": codec.stamp("created"),
    "modified": codec.stamp("modified"),
    "authsource": codec.text("authsource"),
    "percent_class": Out(_class, {"enum": ["info", "danger", "warning", "success"]}, ("quota", "quota_used")),
    **{
        name: codec.number(name) for name in ("last_imap_login", "last_smtp_login", "last_pop3_login", "last_sso_login")
    },
}
FULL: dict[str, Out] = {
    "max_new_quota": codec.number("max_new_quota"),
    "spam_aliases": codec.number("spam_aliases"),
    "pushover_active": codec.bit("pushover_active"),
    "rl": codec.rate("rl"),
    "rl_scope": codec.plain("rl_scope", {"enum": ["mailbox", "domain"]}),
    "is_relayed": codec.bit("relayed"),
    "sender_acl": codec.plain("may_send_as", codec.TEXTS),
}


class Mailboxes(Tagged, Category):
    name = "mailbox"
    resource = "mailboxes"
    singular = "mailbox"
    log = ("mailbox", "mailbox")
    items = "username"
    tag_log = "tags_mailbox"
    completed = COMPLETED
    said = {
        ("field_needed", "local_part"): ("mailbox_invalid", False),
        ("local_part_invalid", "local_part"): ("mailbox_invalid", False),
        ("value_control_characters", "local_part"): ("mailbox_invalid", False),
        ("value_too_long", "local_part"): ("mailbox_invalid", False),
        ("field_needed", "domain"): ("domain_invalid", False),
        ("field_needed", "password"): ("password_complexity", False),
        ("domain_not_found", "domain"): ("access_denied", False),
        ("value_not_choice", "quarantine_category"): ("quarantine_category_invalid", False),
        ("value_not_choice", "quarantine_notification"): ("quarantine_notification_invalid", False),
    }
    outputs = {**SHORT, **FULL, "tags": codec.tags()}
    added = {
        "local_part": codec.words("local_part"),
        "domain": codec.words("domain"),
        **SHARED,
        **TLS,
        "authsource": codec.filled("authsource"),
        "tags": codec.tagging(doc="tags of the new mailbox"),
        "template": codec.filled("template", "number of a mailbox template"),
        "quarantine_notification": codec.filled("quarantine_notification"),
        "quarantine_category": codec.filled("quarantine_category"),
        "tagged_mail_handler": codec.filled("tagged_mail_handler", "subject, subfolder, anything else for none"),
        "acl": codec.many("acl", "rights of the owner; those not listed are off"),
        **codec.RATED,
    }
    edited = {
        **SHARED,
        "authsource": codec.filled("authsource"),
        "tags": codec.tagging(),
        "pw_recovery_email": codec.words("recovery_email"),
        "tagged_mail_handler": codec.filled("tagged_mail_handler", "subject, subfolder, anything else for none"),
        "sender_acl": codec.many("sender_acl", "addresses, domains, @domains, *; replaces those that are there"),
        "extended_sender_acl": codec.many("extended_sender_acl", "addresses or @domains of other servers"),
    }

    def routes(self) -> Iterator[Route]:
        yield from super().routes()
        yield self.tag_route()
        shape = codec.schema_of(self.outputs)
        every = {"anyOf": [{"type": "array", "items": shape}, EMPTY]}
        yield self._get("mailbox/all/{domains}", self.every, "All mailboxes of some domains", every)
        short = codec.schema_of({**SHORT, "tags": codec.tags()})
        reduced = {"anyOf": [{"type": "array", "items": short}, EMPTY]}
        yield self._get("mailbox/reduced", self.reduced, "All mailboxes, in short", reduced)
        yield self._get("mailbox/reduced/{domains}", self.reduced, "All mailboxes of some domains, in short", reduced)

    # -- reading -------------------------------------------------------------------------------------------------
    def also(self) -> dict[str, sa.ColumnElement[Any]]:
        return ALSO

    def complete(self, resource: Resource, rows: list[Row]) -> None:
        complete(resource, rows)

    def fields(self, resource: Resource, outputs: Mapping[str, Out]) -> list[str]:
        return [name for name in super().fields(resource, outputs) if name not in {*ALSO, *COMPLETED}]

    def narrowed(self, call: Call) -> Sequence[sa.ColumnElement[bool]]:
        resource, wanted = self.of(call.ops), list_items(call.path.get("domains", ""))
        of_domains = [resource.expressions["domain"].in_(wanted)] if "domains" in call.path else []
        return [*of_domains, *self.with_tags(call)]

    def reduced(self, call: Call) -> Any:
        """Without what takes further reading."""
        resource, outputs = self.of(call.ops), {**SHORT, "tags": codec.tags()}
        names = self.fields(resource, outputs)
        rows = resource.rows(None, names, where=self.narrowed(call), also=ALSO)
        sign_ins(resource, rows)
        return Rows(codec.encoded(outputs, row, resource) for row in rows)

    def one(self, call: Call) -> Any:
        """A mailbox; with `?tags=` the mailboxes of a domain that have such a tag."""
        if call.query.get("tags") and "@" not in call.path["key"]:
            return self.every(Call(call.ops, {"domains": call.path["key"]}, call.query))
        return super().one(call)

    # -- writing -------------------------------------------------------------------------------------------------
    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        found = super().values(ops, inputs, attr, adding)
        found |= codec.protocols_from(attr)
        if "acl" in found:
            found["acl"] = tuple(bit for bit in found["acl"] if bit in BITS)
        if "tagged_mail_handler" in found and found["tagged_mail_handler"] not in ("subject", "subfolder"):
            found["tagged_mail_handler"] = "none"
        if "authsource" in found and str(found["authsource"]) not in AUTHSOURCES:
            found["authsource"] = LOCAL
        if "sender_acl" in found:
            found["sender_acl"] = tuple(item for item in found["sender_acl"] if item != "default")
        if adding and codec.rate_from(attr):
            found["rate_limit"] = codec.rate_from(attr)
        return found if adding or ops.actor.is_admin else self._allowed(ops, found)

    def _allowed(self, ops: Ops, found: Row) -> Row:
        """Switches that the caller lacks the right for are passed over (addresses.md 9.3)."""
        resource, silent = self.of(ops), {*ACCESS, "sogo_access", "relayhost", "tagged_mail_handler"}
        return {name: value for name, value in found.items() if name not in silent or resource.writable(name)}

    def add(self, call: Call) -> Written:
        values = self.values(call.ops, self.added, call.attr, True)
        problem = None
        if values.get("authsource", LOCAL) == LOCAL:
            problem = passwords.pair_problem(call.attr, "password", required=True)
        if problem is not None and problem.key == "password_complexity":
            values["password"] = "x"  # judged by nothing but the policy, which it never meets
        make = passwords.unless(problem, lambda: self.of(call.ops).add_many([values]))
        return self.carried_out(call, "add", make, call.attr)

    def edit(self, call: Call) -> Written:
        if not call.items:
            return Written([])
        keys, values = call.keys(), self.values(call.ops, self.edited, call.attr, False)
        problem = passwords.pair_problem(call.attr, "password", required=False)
        if problem is not None:
            values.pop("password", None)
        resource = self.of(call.ops)
        make = passwords.unless(problem, lambda: self._edit(resource, keys, values, problem is not None))
        return self.carried_out(call, "edit", make, call.attr, keys)

    def item(self, outcome: Outcome, action: str, log: list[Any]) -> Item:
        """A quota that does not fit has one key when it is changed (addresses.md 9.3)."""
        found = super().item(outcome, action, log)
        if action == "edit" and found.key == "mailbox_quota_exceeded":
            return Item(found.status, "mailbox_quota_left_exceeded", found.args, log, found.field)
        return found

    def _edit(self, resource: Resource, keys: list[str], values: Row, doomed: bool) -> Plan:
        plan = self.plan_edit(resource, keys, values)
        if doomed:  # each of them is refused, also those that nothing else would change
            for key in resource.current(keys, ()):
                if not any(outcome.subject == key for outcome in plan.outcomes):
                    plan.succeed(resource.modified_key, key, subject=str(key))
        return plan

    def beside(self, call: Call, plan: Plan) -> list[Item]:
        if plan.verb != "add":
            return []
        found = []
        for name in (outcome.subject for outcome in plan.outcomes if outcome.status == "success"):
            handler = call.attr.get("tagged_mail_handler")
            if handler:
                data = {"username": name, "tagged_mail_handler": handler}
                log = call_of(["mailbox", "edit", "delimiter_action"], data, self.tail)
                found.append(Item("success", "mailbox_modified", (name,), log))
            data = {
                "object": name,
                "rl_frame": call.attr.get("rl_frame") or "s",
                "rl_value": call.attr.get("rl_value") or "",
            }
            found.append(Item("success", "rl_saved", (name,), call_of(["ratelimit", "edit", "mailbox"], data)))
        return found
