"""The policy for new passwords as a plan: one hash of the key-value store (access.md 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opslib.errors import Denied
from opslib.passwords import Policy
from opslib.plan import Plan
from opslib.resources import hashes

if TYPE_CHECKING:
    from opslib.ops import Ops

KEY = "PASSWD_POLICY"
FLAGS = ("chars", "special_chars", "lowerupper", "numbers")


def policy(ops: Ops) -> Policy:
    """The policy as it is."""
    return Policy.from_mapping(ops.site.keyvalue.hgetall(KEY))


def edit(ops: Ops, values: Mapping[str, Any]) -> Plan:
    """Plan that changes the fields given: `length` (a number below 3 keeps what is there), flags as booleans.

    Raises
    ------
    Denied
        To everybody but administrators.
    """
    if not ops.actor.is_admin:
        raise Denied()
    stored = ops.site.keyvalue.hgetall(KEY)
    before = policy(ops).to_mapping()
    after = {**before, **{name: str(int(bool(values[name]))) for name in FLAGS if name in values}}
    length = str(values.get("length", "")).strip()
    if length.isascii() and length.isdecimal() and 3 <= int(length) <= 9999:
        after["length"] = str(int(length))
    plan = Plan("settings", "edit", "Edit the password policy")
    hashes.move(plan, KEY, {name: (stored.get(name), value) for name, value in after.items()}, "Password policy")
    for name, value in after.items():
        if before[name] != value:
            plan.change("password policy", name, before[name], value)
    plan.succeed("password_policy_saved", subject="password policy")
    return plan
