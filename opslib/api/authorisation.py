"""May this caller use this address?  One table, asked before any handler, everything else is refused (access.md 20.3)."""

from __future__ import annotations

from typing import Any

from opslib.api.calls import Route
from opslib.api.envelope import Item
from opslib.api.identity import Caller, proves
from opslib.api.refusal import DENIED, Refusal


def check(caller: Caller, route: Route, csrf: str, same_site: bool) -> None:
    """Judge key limits, read-only keys and forged requests.

    Raises
    ------
    Refusal
        403, when the caller may not use the address at all.
    """
    if route.writes and caller.read_only:
        raise Refusal(403, DENIED)
    verb = "get" if not route.writes else "delete" if route.changes else route.action
    if caller.verbs is not None and verb not in caller.verbs:
        raise Refusal(403, DENIED)
    if caller.resources is not None and route.resource not in caller.resources:
        raise Refusal(403, DENIED)
    if caller.session is not None and route.writes and (route.changes or not same_site or not proves(caller, csrf)):
        raise Refusal(403, DENIED)
    if route.action == "search" and caller.actor.role not in route.roles:
        raise Refusal(403, "Insufficient permissions")


def may(caller: Caller, route: Route) -> bool:
    """Whether the role is one the address is for."""
    return caller.actor.role in route.roles


def denied(route: Route) -> Any:
    """What somebody of another role gets: nothing to see, or one item that says so."""
    if route.action == "get":
        return {}
    return [Item("danger", "access_denied", (), [route.category, route.action])]
