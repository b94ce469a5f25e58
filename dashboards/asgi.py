"""The HTTP API on the console's own port: an ASGI application run inside Tornado's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from urllib.parse import unquote

from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from dashboards import context
from dashboards import security as gate
from opslib.api import create_app

Message = dict[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@cache
def application() -> Any:
    """The API of the console's site; made when it is first asked for."""
    settings = context.settings()
    return create_app(context.site(), settings.trusted_proxies, settings.server.log_lines)


class ApiHandler(RequestHandler):
    """Hands a request over and writes what comes back.  The application itself recognises keys and sessions, and asks
    a session for its token before anything is changed: Tornado's form token has no say here."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def initialize(self) -> None:
        self._gone = asyncio.Event()
        self._read = False

    def check_xsrf_cookie(self) -> None:
        return None

    def set_default_headers(self) -> None:
        """What an answer says of itself is the application's to say."""
        self._headers = HTTPHeaders()

    def compute_etag(self) -> str | None:
        return None

    def prepare(self) -> None:
        gate.refuse_foreign_host(self)

    async def _handle(self, *_: str) -> None:
        app: Application = application()
        await app(self._scope(), self._receive, self._send)
        self._gone.set()

    get = head = post = put = patch = delete = options = _handle

    def on_connection_close(self) -> None:
        self._gone.set()

    def _scope(self) -> Message:
        asked = self.request
        host, _, port = asked.host.rpartition(":")
        secure = asked.protocol == "https"
        number = int(port) if host and port.isdecimal() else 443 if secure else 80
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": asked.method,
            "scheme": asked.protocol,
            "path": unquote(asked.path),
            "raw_path": asked.path.encode("latin-1", "replace"),
            "query_string": (asked.query or "").encode("latin-1", "replace"),
            "root_path": "",
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in asked.headers.get_all()],
            "client": (asked.remote_ip, 0),
            "server": (host or asked.host, number),
            "state": {},
        }

    async def _receive(self) -> Message:
        if not self._read:
            self._read = True
            return {"type": "http.request", "body": self.request.body or b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.set_status(message["status"])
            for name, value in message.get("headers", []):
                self.add_header(name.decode("latin-1"), value.decode("latin-1"))
            return
        if message.get("body"):
            self.write(message["body"])
        if message.get("more_body"):
            try:
                await self.flush()
            except StreamClosedError:
                self._gone.set()


ROUTES = [(r"/api(?:/.*)?", ApiHandler, {})]
