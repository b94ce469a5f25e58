"""Edits of one thing of a mailbox under addresses of their own (addresses.md 9.5-9.9, 15, 18)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from opslib.api.calls import EVERYBODY, STAFF, Call, Route, Written
from opslib.api.envelope import Item, call_of
from opslib.api.wire import codec
from opslib.api.wire.category import Category
from opslib.api.wire.codec import In
from opslib.api.wire.mailboxes import TLS
from opslib.ops import Ops
from opslib.plan import Plan, Row
from opslib.query import Query
from opslib.resource import Resource
from opslib.resources.mailboxes.choices import BITS, TAGGED

Said = Mapping[tuple[str, str], tuple[str, bool]]
Log = tuple[str, ...]


class Switch(Category):
    """`edit/<name>` of mailboxes, setting fields of theirs."""

    resource = "mailboxes"
    singular = "mailbox"
    verbs = ("edit",)

    def __init__(self, name: str, log: Log, edited: Mapping[str, In], **given: Any) -> None:
        self.name = name
        self.log = log
        self.edited = edited
        self.items: str = given.get("items", "username")
        self.tail: tuple[Any, ...] = given.get("tail", (None,))
        self.roles: tuple[str, ...] = given.get("roles", EVERYBODY)
        self.said: Said = given.get("said", {})
        self.modified: str = given.get("modified", "mailbox_modified")
        self.tag_name: str = given.get("tag", "mailbox")
        self.summary: str = given.get("summary", "")

    @property
    def tag(self) -> str:
        return self.tag_name

    def routes(self) -> Iterator[Route]:
        schema = codec.attributes_schema(self.edited)
        yield self._write("edit", self.name, self.edit, self.summary, schema)

    def edit(self, call: Call) -> Written:
        if not call.items:
            return Written([])
        keys, resource = call.keys(), self.of(call.ops)
        values = self.values(call.ops, self.edited, call.attr, False)
        return self.carried_out(
            call, "edit", lambda: self._plan(resource, keys, values), call.attr, keys, self.modified
        )

    def _plan(self, resource: Resource, keys: list[str], values: Row) -> Plan:
        plan = resource.edit(keys, values)
        plan.outcomes[:] = [
            type(o)(o.status, self.modified if o.key == resource.modified_key else o.key, o.args, o.subject, o.field)
            for o in plan.outcomes
        ]
        return plan


class RateLimits(Switch):
    """`edit/rl-mbox`."""

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        return {"rate_limit": codec.rate_from(attr)}


class CustomAttributes(Switch):
    """`edit/mailbox/custom-attribute`: two lists side by side replace the whole map."""

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        names, values = _listed(attr.get("attribute")), _listed(attr.get("value"))
        if len(names) != len(values):
            return {"custom_attributes": "no map"}
        return {"custom_attributes": dict(zip((n.replace(" ", "") for n in names), values, strict=True))}


def _listed(given: Any) -> list[str]:
    if given is None or given == "":
        return []
    return [str(part) for part in (given if isinstance(given, list) else [given])]


def _bits(value: Any) -> Any:
    return tuple(bit for bit in (codec.as_list([] if value is None else value)) if bit in BITS)


def _score(value: Any) -> Any:
    """Scores as the field takes them: `default` is none of its own; two equal ones are drawn apart (addresses.md 15)."""
    text = str(value).strip()
    low, _, high = text.partition(",")
    if text == "default":
        return ""
    return f"{low},{float(high) + 0.1:g}" if low == high and low.replace(".", "", 1).isdigit() else text or "none"


def _handler(value: Any) -> Any:
    return value if isinstance(value, str) and value in TAGGED else "none"


def _choice(field: str, doc: str) -> dict[str, In]:
    return {field: codec.filled(field, doc)}


def _denied(field: str) -> dict[str, Any]:
    return {"said": {("value_not_choice", field): ("access_denied", False)}}


SWITCHES: tuple[Category, ...] = (
    Switch("tls_policy", ("mailbox", "tls_policy"), TLS, summary="Set TLS of mailboxes"),
    Switch(
        "quarantine_notification",
        ("mailbox", "quarantine_notification"),
        _choice("quarantine_notification", "never, hourly, daily or weekly"),
        summary="Set how often mailboxes are told of quarantined mail",
        **_denied("quarantine_notification"),
    ),
    Switch(
        "quarantine_category",
        ("mailbox", "quarantine_category"),
        _choice("quarantine_category", "reject, add_header or all"),
        summary="Set of which quarantined mail mailboxes are told",
        **_denied("quarantine_category"),
    ),
    Switch(
        "delimiter_action",
        ("mailbox", "delimiter_action"),
        {"tagged_mail_handler": In("tagged_mail_handler", _handler, codec.SCALAR, "subject, subfolder, else none")},
        summary="Set what happens to tagged mail",
    ),
    Switch(
        "spam-score",
        ("mailbox", "spam_score"),
        {"spam_score": In("spam_score", _score, codec.SCALAR, "low,high or default")},
        summary="Set spam scores of mailboxes",
    ),
    Switch(
        "user-acl",
        ("acl", "user"),
        {"user_acl": In("acl", _bits, codec.LIST, "rights that are on; the others go off")},
        tail=(),
        roles=STAFF,
        modified="acl_saved",
        summary="Set rights of mailbox owners",
    ),
    RateLimits(
        "rl-mbox",
        ("ratelimit", "mailbox"),
        codec.RATED,
        items="object",
        tail=(),
        roles=STAFF,
        modified="rl_saved",
        summary="Set rate limits of mailboxes",
        tag="rate limits",
    ),
    CustomAttributes(
        "mailbox/custom-attribute",
        ("mailbox", "mailbox_custom_attribute"),
        {"attribute": codec.many("", "names"), "value": codec.many("", "values")},
        items="mailboxes",
        summary="Set custom attributes of mailboxes",
        roles=STAFF,
        said={("value_invalid", "custom_attributes"): ("custom_attribute_invalid", False)},
    ),
)


class Resets(Category):
    """`delete/eas_cache`, `delete/sogo_profile`, `delete/last-login`, and `edit/rename-mbox`: verbs of mailboxes."""

    resource = "mailboxes"
    singular = "mailbox"
    name = "mailbox"
    log = ("mailbox",)
    items = "username"

    def routes(self) -> Iterator[Route]:
        for path, verb, words in (
            ("eas_cache", "reset_eas", "Clear ActiveSync caches"),
            ("sogo_profile", "reset_sogo", "Delete SOGo profiles"),
            ("last-login", "reset_logins", "Forget login histories"),
        ):
            yield Route("delete", path, self._reset(path, verb), self.resource, words, tag="mailbox")
        schema = {"type": "object", "properties": {name: dict(codec.SCALAR) for name in RENAME}}
        words = "Give a mailbox another name"
        yield Route("edit", "rename-mbox", self.rename, self.resource, words, {}, schema, "mailbox", STAFF)

    def _reset(self, path: str, verb: str) -> Callable[[Call], Written]:
        def run(call: Call) -> Written:
            if not call.items:
                return Written([], done=False)
            keys, resource = call.keys(), self.of(call.ops)
            log = (self.log[0], "delete", path.replace("-", "_"))
            return self.under(log, call, lambda: resource.run(verb, keys), {self.items: list(call.items)}, keys)

        return run

    def under(
        self, log: Log, call: Call, make: Callable[[], Plan], data: Mapping[str, Any], keys: list[str]
    ) -> Written:
        """Carry out a plan under a call of another name."""
        other = Switch("", (log[0], *log[2:]), {}, items=self.items)
        return other.carried_out(call, log[1], make, {**call.attr, **data} if log[1] == "edit" else data, keys)

    def rename(self, call: Call) -> Written:
        """One mailbox, named by its old local part and domain."""
        attr = call.attr
        old = f"{str(attr.get('old_local_part') or '').strip().lower()}@{str(attr.get('domain') or '').strip().lower()}"
        answers = {
            "new_local_part": str(attr.get("new_local_part") or "").strip().lower(),
            "keep_alias": codec.as_flag(attr.get("create_alias")),
        }
        other = Switch("", ("mailbox", "mailbox_rename"), {}, items="mailbox")
        done = other.carried_out(call, "edit", lambda: self.of(call.ops).run("rename", old, answers), attr)
        renamed = [item for item in done.items if item.key == "mailbox_renamed"]
        kept = [_kept(call.ops, *item.args) for item in renamed if answers["keep_alias"] is True]
        return Written([*kept, *done.items], done.done)


def _kept(ops: Ops, old: str, new: str) -> Item:
    """The alias that a rename leaves behind."""
    rows = ops.resource("aliases").rows(Query.where(address=old), ["private_comment"])
    number, comment = (str(rows[0]["id"]), rows[0]["private_comment"]) if rows else ("", "")
    data = {"address": old, "goto": new, "active": 1, "sogo_visible": 1, "private_comment": comment}
    return Item("success", "alias_added", (old, number), call_of(["mailbox", "add", "alias"], data, (None,)))


RENAME = ("domain", "old_local_part", "new_local_part", "create_alias")
