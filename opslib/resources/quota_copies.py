"""Who gets a copy of a domain's quota warnings: hash QW_BCC of the key-value store (addresses.md 7.9)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opslib import names
from opslib.plan import Plan
from opslib.resources import hashes

if TYPE_CHECKING:
    from opslib.resource import Draft, Resource

KEY = "QW_BCC"


def fetch_addresses(resource: Resource, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Addresses that get copies, per domain; one read."""
    return {key: addresses for key, (addresses, _) in _fetch(resource, keys).items()}


def fetch_active(resource: Resource, keys: Sequence[str]) -> dict[str, bool]:
    """Whether copies are sent, per domain; one read."""
    return {key: active for key, (_, active) in _fetch(resource, keys).items()}


def _fetch(resource: Resource, keys: Sequence[str]) -> dict[str, tuple[tuple[str, ...], bool]]:
    stored = resource.site.keyvalue.hmget(KEY, list(keys)) if keys else []
    return {key: decode(text) for key, text in zip(keys, stored, strict=True)}


def decode(text: str | None) -> tuple[tuple[str, ...], bool]:
    """(addresses, active) of a stored value; an object instead of an array is read too, anything else is nothing."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return (), False
    given: Any = value.get("bcc_rcpts") or ()
    found = list(given.values()) if isinstance(given, dict) else given
    addresses = tuple(str(item) for item in found) if isinstance(found, list) else ()
    return addresses, str(value.get("active", 0)) == "1"


def encode(addresses: Sequence[str], active: bool) -> str:
    """The stored value: an array and a number, which is all the notifier understands."""
    return json.dumps({"bcc_rcpts": list(addresses), "active": int(active)})


def check(draft: Draft) -> None:
    """Judge the addresses; without any there is nothing to switch on."""
    if "quota_copies" in draft.values:
        good = []
        for text in draft.values["quota_copies"]:
            try:
                good.append(names.address(text))
            except ValueError:
                draft.fail("goto_invalid", text, field="quota_copies")
        draft.values["quota_copies"] = tuple(dict.fromkeys(good))
    if draft.changes("quota_copies", "quota_copies_active") and not draft.after("quota_copies"):
        draft.values["quota_copies_active"] = False


def write(resource: Resource, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Effects for the drafts whose copies change."""
    changed = {str(d.key): d for d in drafts if d.changes("quota_copies", "quota_copies_active")}
    if not changed:
        return
    stored = resource.site.keyvalue.hmget(KEY, list(changed))
    moves = {}
    for (name, draft), old in zip(changed.items(), stored, strict=True):
        addresses = draft.after("quota_copies") or ()
        moves[name] = (old, encode(addresses, bool(draft.after("quota_copies_active"))))
    hashes.move(plan, KEY, moves, "Copies of quota warnings")
