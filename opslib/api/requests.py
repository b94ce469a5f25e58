"""Facts of a request that are not in its body: where it comes from, what it brings, whether a page of ours made it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import Request

from opslib import signin
from opslib.api.bodies import MOST_BYTES
from opslib.api.identity import COOKIE, HEADER, Credentials
from opslib.api.refusal import Refusal
from opslib.signin.address import Network, is_trusted


def remote_of(request: Request, trusted: Sequence[Network]) -> str:
    """The client's address (access.md 20.3)."""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return signin.client_address(_peer(request), forwarded, trusted)


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def credentials(request: Request, trusted: Sequence[Network]) -> Credentials:
    """What the request brings to be recognised by.  Over HTTPS only the guarded cookie counts."""
    proxied = is_trusted(_peer(request), trusted)
    https = request.url.scheme == "https" or (proxied and request.headers.get("x-forwarded-proto") == "https")
    token = request.cookies.get(f"__Host-{COOKIE}" if https else COOKIE, "")
    agent = request.headers.get("user-agent", "")
    return Credentials(request.headers.get(HEADER), token, agent, remote_of(request, trusted))


def same_site(request: Request) -> bool:
    """Whether no page of another site made the request, as far as the browser says."""
    origin = urlsplit(request.headers.get("origin", "")).netloc
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    return fetched in ("same-origin", "none") and (not origin or origin == request.headers.get("host", ""))


async def body_of(request: Request) -> bytes:
    """The body, up to what is accepted.

    Raises
    ------
    Refusal
        413 when it is larger.
    """
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            raise Refusal(413, "Request body too large")
    return bytes(found)
