"""Sign in, change the password, sign out: plain forms, guarded against foreign posts, with no script."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError, RequestHandler

from dashboards import context, signpages
from dashboards import security as gate
from opslib import signin
from opslib.errors import ServerError, UserError
from opslib.signin.change import policy

log = logging.getLogger(__name__)
T = TypeVar("T")

CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
WAITING_MOST = 32
_hashers = ThreadPoolExecutor(4, "sign-in")
_waiting = 0
_FOREIGN = "The form was open too long or came from elsewhere. Reload the page and try again."
_DEFAULT = "This account still has a password that must be replaced. Choose a new one now."


class Base(RequestHandler):
    """Headers, cookies and guards of the pages outside the console."""

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", CSP)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.clear_header("Server")

    def prepare(self) -> Awaitable[None] | None:
        gate.refuse_foreign_host(self)
        if self.request.method == "POST":
            self.refuse_foreign_post()
            if not self.settings.get("xsrf_cookies"):
                self.check_xsrf_cookie()
        return None

    def refuse_foreign_post(self) -> None:
        """A form that another site sends is refused, whatever it knows."""
        origin = urlsplit(self.request.headers.get("Origin", ""))
        fetched = self.request.headers.get("Sec-Fetch-Site", "same-origin")
        if fetched not in ("same-origin", "none") or (origin.netloc and origin.netloc != self.request.host):
            raise HTTPError(403, reason="Foreign form")

    def write_error(self, status_code: int, **given: Any) -> None:
        error = given.get("exc_info", (None, None))[1]
        if isinstance(error, ServerError):
            self.set_status(503)
            self.finish(signpages.unavailable(self.frame.site))
        else:
            words = _FOREIGN if status_code == 403 else f"The request was not accepted ({status_code})."
            self.finish(signpages.refused(self.frame, words))

    @property
    def frame(self) -> signpages.Frame:
        return signpages.Frame(context.settings().site_name, context.site().host.demo)

    @property
    def guard(self) -> str:
        return self.xsrf_form_html()

    def put_token(self, token: str) -> None:
        https = gate.is_https(self.request)
        self.set_cookie(gate.cookie_name(self.request), token, path="/", httponly=True, samesite="Lax", secure=https)

    def drop_token(self) -> None:
        https = gate.is_https(self.request)
        self.clear_cookie(gate.cookie_name(self.request), path="/", httponly=True, samesite="Lax", secure=https)

    def wanted(self) -> str:
        """Where to go afterwards: a path of this console, nothing else."""
        return local_path(self.get_query_argument("next", gate.HOME))


def local_path(text: str) -> str:
    """`text` when it is a path on this server and not one of the sign-in pages, else the console's home."""
    parts = urlsplit(text)
    plain = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    away = parts.scheme or parts.netloc or parts.path in (gate.LOGIN, gate.LOGOUT, gate.PASSWORD, "/")
    return text if plain and not away else gate.HOME


async def aside(function: Callable[..., T], *args: Any) -> T:
    """Run slow work on the sign-in threads, which a flood of guesses cannot take from everybody else.

    Raises
    ------
    UserError
        `sign_in_busy` when too many wait already.
    """
    global _waiting
    if _waiting >= WAITING_MOST:
        raise UserError("sign_in_busy")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_hashers, function, *args)
    finally:
        _waiting -= 1


class LoginHandler(Base):
    """User name and password."""

    async def get(self) -> None:
        found = await gate.session_of(self)
        if found:
            self.redirect(gate.PASSWORD if found.pending else self.wanted())
        else:
            self.finish(signpages.sign_in(self.frame, self.action, self.guard))

    async def post(self) -> None:
        username = self.get_body_argument("username", "", strip=False)
        password = self.get_body_argument("password", "", strip=False)
        try:
            token, pending = await aside(_sign_in, username, password, self.request, gate.token_of(self))
        except UserError as error:
            self.again(username, error)
            return
        self.put_token(token)
        self.redirect(f"{gate.PASSWORD}?{urlencode({'next': self.wanted()})}" if pending else self.wanted())

    def again(self, username: str, error: UserError) -> None:
        """The form with what was typed, but for the password, and words."""
        busy = error.key in ("login_throttled", "sign_in_busy")
        self.set_status(429 if busy else 401)
        if error.key == "login_throttled":
            self.set_header("Retry-After", str(error.problems[0].args[0]))
        self.finish(signpages.sign_in(self.frame, self.action, self.guard, username[:255], str(error)))

    @property
    def action(self) -> str:
        return f"{gate.LOGIN}?{urlencode({'next': self.wanted()})}"


def _sign_in(username: str, password: str, request: HTTPServerRequest, replaces: str) -> tuple[str, str]:
    site, remote = context.site(), gate.remote_of(request)
    identity = signin.authenticate(site, username, password, remote)
    agent = request.headers.get("User-Agent", "")
    return signin.open_session(site, identity, remote, agent, replaces), identity.pending


class PasswordHandler(Base):
    """A new password, wanted or demanded."""

    async def get(self) -> None:
        found = await gate.session_of(self)
        if found is None:
            self.redirect(gate.LOGIN)
        else:
            await self.show(found)

    async def post(self) -> None:
        found = await gate.session_of(self)
        if found is None:
            self.redirect(gate.LOGIN)
            return
        given = [self.get_body_argument(name, "", strip=False) for name in ("password", "repeated", "old")]
        try:
            token, ended = await aside(_change, found, *given, self.request)
        except UserError as error:
            self.set_status(429 if error.key == "login_throttled" else 422)
            await self.show(found, str(error))
            return
        gate.kick(self.application, {*ended, found.digest})
        self.put_token(token)
        self.redirect(self.wanted())

    async def show(self, found: signin.Session, error: str = "") -> None:
        """The form, with the rules of the site."""
        rules = (await asyncio.to_thread(policy, context.site())).sentences()
        action = f"{gate.PASSWORD}?{urlencode({'next': self.wanted()})}"
        forced = _DEFAULT if found.pending else ""
        self.finish(signpages.new_password(self.frame, action, self.guard, found.actor.name, rules, forced, error))


def _change(
    found: signin.Session, password: str, repeated: str, old: str, request: HTTPServerRequest
) -> tuple[str, list[str]]:
    site, remote = context.site(), gate.remote_of(request)
    ended = signin.change_password(site, found, password, repeated, old, remote)
    identity = signin.Identity(found.actor.name, found.actor.role)
    token = signin.open_session(site, identity, remote, request.headers.get("User-Agent", ""))
    signin.end_session_by(site, found.digest)
    return token, ended


class LogoutHandler(Base):
    """Sign out by a post: a link from elsewhere cannot do it."""

    async def get(self) -> None:
        found = await gate.session_of(self)
        if found is None:
            self.redirect(gate.LOGIN)
        else:
            self.finish(signpages.sign_out(self.frame, self.guard, found.actor.name))

    async def post(self) -> None:
        token = gate.token_of(self)
        if token:
            await asyncio.to_thread(signin.end_session, context.site(), token)
            gate.kick(self.application, {signin.digest(token)})
        self.drop_token()
        self.redirect(gate.LOGIN)
