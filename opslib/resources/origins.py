"""Which other sites' pages may read answers of the API: one hash of the key-value store (access.md 10.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opslib.errors import Denied, UserError
from opslib.names import list_items
from opslib.plan import Plan
from opslib.resources import hashes
from opslib.site import Site

if TYPE_CHECKING:
    from opslib.ops import Ops

KEY = "CORS_SETTINGS"
METHODS = ("GET", "POST", "PUT", "DELETE")
ANY = "*"
JOINT = ", "


@dataclass(frozen=True, slots=True)
class Allowed:
    """Origins and methods that are allowed."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]

    def origin(self, asked: str) -> str | None:
        """What `Access-Control-Allow-Origin` says to a page of this origin; None for nothing."""
        return ANY if ANY in self.origins else asked if asked.lower() in self.origins else None


def allowed(site: Site) -> Allowed:
    """The settings as they are; bare host names of old versions mean https."""
    stored = site.keyvalue.hgetall(KEY)
    origins = list_items(stored.get("allowed_origins") or f"https://{site.hostname.lower()}")
    methods = list_items(stored.get("allowed_methods") or JOINT.join(METHODS))
    spelt = (name.lower() if name == ANY or "://" in name else f"https://{name.lower()}" for name in origins)
    return Allowed(tuple(spelt), tuple(name.upper() for name in methods))


def edit(ops: Ops, origins: Sequence[str], methods: Sequence[str]) -> Plan:
    """Plan that sets both lists.

    Raises
    ------
    UserError
        `cors_invalid_origin` or `cors_invalid_method`.
    """
    if not ops.actor.is_admin:
        raise Denied()
    if not origins or not all(is_origin(origin) for origin in origins):
        raise UserError("cors_invalid_origin", field="allowed_origins")
    if not methods or any(method not in METHODS for method in methods):
        raise UserError("cors_invalid_method", field="allowed_methods")
    stored = ops.site.keyvalue.hgetall(KEY)
    after = {
        "allowed_origins": JOINT.join(dict.fromkeys(origin.lower() for origin in origins)),
        "allowed_methods": JOINT.join(dict.fromkeys(methods)),
    }
    plan = Plan("settings", "edit", "Edit the allowed origins of the API")
    hashes.move(plan, KEY, {name: (stored.get(name), value) for name, value in after.items()}, "Allowed origins")
    for name, value in after.items():
        if stored.get(name) != value:
            plan.change("allowed origins", name, stored.get(name), value)
    plan.succeed("cors_headers_edited", subject="allowed origins")
    return plan


def is_origin(text: str) -> bool:
    """Whether it is * or scheme://host[:port] and nothing else."""
    if text == ANY:
        return True
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts.scheme in ("http", "https") and bool(host) and f"{parts.scheme}://{host}{port}" == text.lower()
