"""Rate limits of domains, alias domains and mailboxes: one hash of the key-value store (addresses.md 18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opslib.fields import RateLimit
from opslib.plan import Plan
from opslib.resources import hashes

if TYPE_CHECKING:
    from opslib.resource import Draft, Resource

KEY = "RL_VALUE"


def fetch(resource: Resource, keys: Sequence[str]) -> dict[str, str]:
    """Rate limit of each object ("10/h"), "" for none; one read."""
    stored = resource.site.keyvalue.hmget(KEY, list(keys)) if keys else []
    return {key: RateLimit.unwire(value) for key, value in zip(keys, stored, strict=True)}


def write(resource: Resource, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Effects for the drafts whose `rate_limit` changes; the way back restores the very text that stood there."""
    changed = {str(draft.key): draft.values["rate_limit"] for draft in drafts if "rate_limit" in draft.values}
    if not changed:
        return
    stored = resource.site.keyvalue.hmget(KEY, list(changed))
    wires = (RateLimit.wire(value) if value else None for value in changed.values())
    moves = dict(zip(changed, zip(stored, wires, strict=True), strict=True))
    hashes.move(plan, KEY, moves, "Rate limit")
