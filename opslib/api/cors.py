"""Headers that let pages of other sites read answers, never with cookies (access.md 10.7)."""

from __future__ import annotations

from opslib.resources import origins
from opslib.site import Site

HEADERS = "Accept, Content-Type, X-Api-Key, Origin"


def headers(site: Site, origin: str) -> dict[str, str]:
    """What an answer to a page of `origin` says; a request of no page costs no look at the settings."""
    found = {"Vary": "Origin"}
    if not origin:
        return found
    allowed = origins.allowed(site)
    named = allowed.origin(origin)
    if named == origins.ANY:
        found = {}
    if named:
        found["Access-Control-Allow-Origin"] = named
    found["Access-Control-Allow-Methods"] = ", ".join([*allowed.methods, "OPTIONS"])
    found["Access-Control-Allow-Headers"] = HEADERS
    return found


def preflight(site: Site, method: str) -> int:
    """Status of a preflight request: 405 for a method that is not allowed."""
    return 200 if method.upper() in origins.allowed(site).methods else 405
