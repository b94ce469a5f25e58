"""The gate: Bokeh asks it for the page, the websocket handshake, autoload.js, metadata and authenticated files.

The browser holds an opaque token in a cookie that scripts cannot read.  A page is bound to the session that asked for
it by a header set here, which travels in the page's signed token and is compared again at the websocket handshake.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Container
from functools import cache
from http.cookies import Morsel
from typing import Any

from bokeh.server.util import check_allowlist
from bokeh.util.token import get_token_payload
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, HTTPError, RequestHandler
from tornado.websocket import WebSocketHandler

from dashboards import context, health, signpages
from opslib import signin
from opslib.errors import ServerError
from opslib.signin.address import is_trusted

log = logging.getLogger(__name__)

PAGE_HEADER = "X-Mailops-Session"
COOKIE = "mailops"
LOGIN, LOGOUT, PASSWORD, HOME = "/login", "/logout", "/password", "/app"
SIGNED_OUT = 4401
PATIENCE = 8.0


async def get_user_async(handler: RequestHandler) -> str | None:
    """Name of whoever is signed in with this request; None sends a page to the sign-in and refuses a websocket."""
    refuse_foreign_host(handler)
    handler.request.headers[PAGE_HEADER] = ""
    try:
        found = await session_of(handler)
    except ServerError as error:
        return unavailable(handler, error)
    if found is None:
        return None
    if isinstance(handler, WebSocketHandler):
        if found.pending or unsealed(_page_header(handler)) != found.digest:
            return None
        handler._mailops_session = found.digest  # type: ignore[attr-defined]
    elif found.pending:
        handler.redirect(PASSWORD)
        return None
    handler.request.headers[PAGE_HEADER] = sealed(found.digest)
    return found.actor.name


async def session_of(handler: RequestHandler) -> signin.Session | None:
    """The session of a request, read in a thread.

    Raises
    ------
    ServerError
        When the database is down or does not answer within `PATIENCE` seconds.
    """
    token, site = token_of(handler), context.site()
    if not token:
        return None
    if health.of(site).down:
        raise ServerError("database_down", "it did not answer just now")
    try:
        read = asyncio.to_thread(signin.session, site, token, agent_of(handler))
        return await asyncio.wait_for(read, PATIENCE)
    except TimeoutError:
        raise ServerError("database_down", f"no answer for {PATIENCE:.0f} s") from None


def token_of(handler: RequestHandler) -> str:
    """The session token the browser sent, "" for none."""
    morsel: Morsel[str] | None = handler.request.cookies.get(cookie_name(handler.request))
    return morsel.value if morsel else ""


def agent_of(handler: RequestHandler) -> str:
    """The browser's own name."""
    return str(handler.request.headers.get("User-Agent", ""))


def cookie_name(request: HTTPServerRequest) -> str:
    """Over HTTPS the browser itself guards the cookie's scope by its prefix."""
    return f"__Host-{COOKIE}" if is_https(request) else COOKIE


def is_https(request: HTTPServerRequest) -> bool:
    """Whether the browser speaks HTTPS, as far as the peer or a trusted proxy says."""
    proxied = is_trusted(_peer(request), context.settings().trusted_proxies)
    return request.protocol == "https" or (proxied and request.headers.get("X-Forwarded-Proto", "") == "https")


def remote_of(request: HTTPServerRequest) -> str:
    """The client's address (access.md 20.3)."""
    forwarded = ",".join(request.headers.get_list("X-Forwarded-For"))
    return signin.client_address(_peer(request), forwarded, context.settings().trusted_proxies)


def _peer(request: HTTPServerRequest) -> str:
    return str(request.remote_ip or "")


def refuse_foreign_host(handler: RequestHandler) -> None:
    """A name this console is not known by may be an attacker's, bound to our address."""
    origins: Container[str] | None = getattr(handler.application, "websocket_origins", None)
    if origins and not check_allowlist(handler.request.host, origins):
        log.warning("refused a request for host %.200r", handler.request.host)
        raise HTTPError(400, reason="Unknown host name")


def unavailable(handler: RequestHandler, error: ServerError) -> None:
    """Say that the database is down; nobody can be recognised without it."""
    log.error("%s", error)
    if isinstance(handler, WebSocketHandler):
        raise HTTPError(503)
    handler.set_status(503)
    handler.set_header("Retry-After", "10")
    handler.finish(signpages.unavailable(context.settings().site_name))


def sealed(digest: str) -> str:
    """A session's digest with the proof that this gate wrote it, for the page's header."""
    return f"{digest}.{hmac.new(_key(), digest.encode(), 'sha256').hexdigest()}"


def unsealed(text: str) -> str:
    """The digest in a header that this gate wrote, else ""."""
    digest = text.partition(".")[0]
    return digest if hmac.compare_digest(sealed(digest).encode(), text.encode()) else ""


@cache
def _key() -> bytes:
    return hmac.digest(context.settings().secret_key(), b"mailops page header", "sha256")


def _page_header(handler: RequestHandler) -> str:
    """The header of the page that this websocket was opened by."""
    try:
        token = handler.request.headers["Sec-Websocket-Protocol"].split(",")[1].strip()
        headers = get_token_payload(token).get("headers", {})
    except (KeyError, IndexError, ValueError):
        return ""
    return str(headers.get(PAGE_HEADER, ""))


def kick(application: Application, digests: Container[str]) -> int:
    """Close the live websockets of these sessions; reconnecting is refused.  Gives how many there were."""
    contexts: dict[str, Any] = getattr(application, "_applications", {})
    sockets = [
        connection._socket
        for found in contexts.values()
        for session in list(found.sessions)
        for connection in list(session._subscribed_connections)
    ]
    doomed = [socket for socket in sockets if getattr(socket, "_mailops_session", None) in digests]
    for socket in doomed:
        socket.close(SIGNED_OUT, "signed out")
    return len(doomed)
