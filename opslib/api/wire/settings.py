"""Settings of the server that are one hash or one field each: password policy, origins, quota warnings (access.md 4.2, 10.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from opslib.api.calls import EVERYBODY, STAFF, Call, Route, Written
from opslib.api.envelope import Item, call_of
from opslib.api.wire import codec
from opslib.api.wire.category import attempt, firsts
from opslib.names import list_items
from opslib.resources import origins, password_rules

ADMIN = ("admin",)
POLICY = ("length", *password_rules.FLAGS)
POLICY_SCHEMA = {"type": "object", "properties": {name: dict(codec.DIGITS) for name in POLICY}, "required": [*POLICY]}


def _attributes(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: dict(codec.LIST) for name in names}}


class Settings:
    """Their addresses."""

    def routes(self) -> Iterator[Route]:
        shared: dict[str, Any] = {"tag": "settings", "roles": EVERYBODY}
        yield Route("get", "passwordpolicy", _policy, "settings", "Password policy", POLICY_SCHEMA, **shared)
        words = "Password policy as HTML"
        yield Route("get", "passwordpolicy/html", _html, "settings", words, {"type": "string"}, **shared)
        yield Route(
            "edit", "passwordpolicy", _edit_policy, "settings", "Change the password policy", {},
            {"type": "object", "properties": {name: dict(codec.FLAG) for name in POLICY}}, "settings", ADMIN,
        )  # fmt: skip
        yield Route(
            "edit", "cors", _edit_origins, "settings", "Change the allowed origins", {},
            _attributes("allowed_origins", "allowed_methods"), "settings", ADMIN,
        )  # fmt: skip
        yield Route(
            "edit", "quota_notification_bcc", _edit_copies, "domains", "Set who gets copies of quota warnings", {},
            _attributes("domain", "bcc_rcpt", "active"), "domain", STAFF,
        )  # fmt: skip


def _written(call: Call, head: list[str | None], make: Any) -> Written:
    log = call_of(head, call.attr)
    done = attempt(call.ops, make)
    items = [Item(o.status, o.key, o.args, log, o.field) for o in firsts(done.outcomes)]
    return Written(items, done=not any(item.status == "danger" for item in items))


def _policy(call: Call) -> Mapping[str, str]:
    found = password_rules.policy(call.ops).to_mapping()
    return {name: found[name] for name in POLICY}


def _html(call: Call) -> str:
    """A list of the rules; none of it comes from people."""
    return (
        f'<p class="help-block small">{"<br>".join(f"- {s}" for s in password_rules.policy(call.ops).sentences())}</p>'
    )


def _edit_policy(call: Call) -> Written:
    values = {name: codec.as_flag(call.attr[name]) is True for name in password_rules.FLAGS if name in call.attr}
    length = {"length": call.attr["length"]} if "length" in call.attr else {}
    return _written(call, ["password_complexity", "edit"], lambda: password_rules.edit(call.ops, {**values, **length}))


def _edit_origins(call: Call) -> Written:
    wanted = [_items(call.attr.get(name)) for name in ("allowed_origins", "allowed_methods")]
    return _written(call, ["cors", "edit"], lambda: origins.edit(call.ops, wanted[0], wanted[1]))


def _items(given: Any) -> list[str]:
    return [str(part) for part in given] if isinstance(given, list) else list_items(str(given or ""))


def _edit_copies(call: Call) -> Written:
    """Copies of a domain's quota warnings (addresses.md 7.9)."""
    name = str(call.attr.get("domain") or "")
    values = {
        "quota_copies": codec.as_list(call.attr.get("bcc_rcpt") or ()),
        "quota_copies_active": codec.as_flag(call.attr.get("active")),
    }
    resource = call.ops.resource("domains")
    done = _written(call, ["quota_notification_bcc", "edit"], lambda: resource.edit([name], values))
    if any(item.status == "danger" for item in done.items):
        return done
    log = call_of(["quota_notification_bcc", "edit"], call.attr)
    return Written([Item("success", "saved_settings", (), log), *(i for i in done.items if i.status == "warning")])
