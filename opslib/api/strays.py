"""Requests for addresses that do not exist, and by other methods than they have (access.md 10.3)."""

from __future__ import annotations

from fastapi import Request

from opslib.api.calls import ACTIONS
from opslib.api.refusal import NO_ATTRIBUTES, NO_ROUTE, Refusal
from opslib.api.wire import routes


def refusal_of(request: Request) -> Refusal:
    """Why there is no answer."""
    action, _, rest = request.path_params.get("rest", "").partition("/")
    known = any(_fits(route.path, rest) for route in routes() if route.action == action)
    if action not in ACTIONS or (not known and action != "search"):
        return Refusal(404, NO_ROUTE)
    if not known:
        return Refusal(404, "Invalid search category")
    if action == "get":
        return Refusal(405, "only GET method is allowed", Allow="GET")
    if action == "search" or request.method != "GET":
        return Refusal(405, "only POST method is allowed", Allow="POST")
    return Refusal(200, NO_ATTRIBUTES, real=405)


def _fits(path: str, rest: str) -> bool:
    parts, given = path.split("/"), rest.strip("/").split("/")
    return len(parts) == len(given) and all(p == g or p.startswith("{") for p, g in zip(parts, given, strict=True))
