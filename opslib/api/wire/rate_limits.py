"""`rl-domain` to read and write, `rl-mbox` to read (addresses.md 18)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opslib.api.calls import EVERYBODY, STAFF, Call, Route, Rows, Written
from opslib.api.wire import codec
from opslib.api.wire.category import EMPTY, Category
from opslib.api.wire.codec import rate_of
from opslib.ops import Ops
from opslib.plan import Plan, Row

PAIR: dict[str, Any] = {name: {"type": "string"} for name in ("value", "frame")}
LIMIT = {"anyOf": [{"type": "object", "properties": PAIR, "required": ["value", "frame"]}, EMPTY]}
ATTRIBUTES = {"type": "object", "properties": {"rl_value": dict(codec.SCALAR), "rl_frame": dict(codec.SCALAR)}}


def _listed(owner: str) -> dict[str, Any]:
    shape = {"type": "object", "properties": {**PAIR, owner: {"type": "string"}}, "required": ["value", "frame", owner]}
    return {"anyOf": [{"type": "array", "items": shape}, EMPTY]}


class RateLimits(Category):
    name = "rl-domain"
    resource = "domains"
    singular = "rate limit"
    log = ("ratelimit", "domain")
    tail = ()
    items = "object"

    def routes(self) -> Iterator[Route]:
        for path, resource, owner in (("rl-domain", "domains", "domain"), ("rl-mbox", "mailboxes", "mailbox")):
            words = f"Rate limit of a {owner}"
            shared: dict[str, Any] = {"tag": "rate limits", "roles": EVERYBODY}
            yield Route("get", f"{path}/all", self.reader(owner), resource, f"{words}: all", _listed(owner), **shared)
            yield Route("get", f"{path}/{{key}}", self.reader(owner), resource, words, LIMIT, **shared)
        words = "Set the rate limits of domains and alias domains"
        yield Route("edit", "rl-domain", self.edit, "domains", words, {}, ATTRIBUTES, "rate limits", STAFF)

    def reader(self, owner: str) -> Any:
        """`get/rl-…`: one object, or all that have a limit."""
        resources = ("domains", "alias_domains") if owner == "domain" else ("mailboxes",)

        def run(call: Call) -> Any:
            if call.ops.actor.role == "user":
                return {}
            if "key" in call.path:
                return rate_of(_limit(call.ops, resources, call.path["key"])) or {}
            limited = (pair for name in resources for pair in _limits(call.ops, name) if pair[1])
            return Rows({**rate_of(limit), owner: name} for name, limit in limited)  # type: ignore[dict-item]

        return run

    def edit(self, call: Call) -> Written:
        if not call.items:
            return Written([])
        ops, keys = call.ops, call.keys()
        values = {"rate_limit": codec.rate_from(call.attr)}
        return self.carried_out(call, "edit", lambda: self._plan(ops, keys, values), call.attr, keys, "rl_saved")

    def _plan(self, ops: Ops, keys: list[str], values: Row) -> Plan:
        aliased = ops.resource("alias_domains").current(keys, ())
        plan = ops.resource("domains").edit([key for key in keys if key not in aliased], values)
        if aliased:
            plan.join(ops.resource("alias_domains").edit(list(aliased), values))
        told = {outcome.subject for outcome in plan.outcomes}
        for key in aliased:
            if key not in told:
                plan.succeed("rl_saved", key, subject=key)
        for place, outcome in enumerate(plan.outcomes):
            if outcome.status == "success":
                plan.outcomes[place] = type(outcome)("success", "rl_saved", (outcome.subject,), outcome.subject)
        return plan


def _limit(ops: Ops, resources: tuple[str, ...], key: str) -> str:
    for name in resources:
        found = ops.resource(name).current([key], ("rate_limit",))
        if key in found:
            return str(found[key].before.get("rate_limit") or "")
    return ""


def _limits(ops: Ops, name: str) -> Iterator[tuple[str, str]]:
    resource = ops.resource(name)
    for row in resource.rows(None, ["rate_limit"]):
        yield row[resource.key], row["rate_limit"]
