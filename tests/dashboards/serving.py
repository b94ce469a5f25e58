"""The console as it is served, in a thread of the test: gate, routes, headers, a small page behind them."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import panel as pn
import requests
from bokeh.server.auth_provider import AuthModule
from panel.io.server import get_server
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

import dashboards
from dashboards import context, plugin
from dashboards.security import PAGE_HEADER
from opslib.site import Site

HOME = Path(dashboards.__file__).parent
AGENT = "Firefox"


@dataclass
class Console:
    """A running console."""

    port: int
    site: Site
    server: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def browser(self, agent: str = AGENT) -> Browser:
        return Browser(self, agent)


class Browser(requests.Session):
    """A browser with cookies, that fills in forms."""

    def __init__(self, console: Console, agent: str) -> None:
        super().__init__()
        self.console = console
        self.headers["User-Agent"] = agent

    def __enter__(self) -> Browser:
        return self

    def see(self, path: str, **given: Any) -> requests.Response:
        return self.get(self.console.url + path, **given)

    def fill(self, path: str, headers: dict[str, str] | None = None, **values: str) -> requests.Response:
        """Read the form, post it, do not follow."""
        guard = re.search(r'name="_xsrf" value="([^"]+)"', self.see(path).text)
        if guard:
            values["_xsrf"] = guard[1]
        return self.post(self.console.url + path, data=values, headers=headers, allow_redirects=False)

    def sign_in(self, username: str = "admin", password: str = "Right-horse-9", **given: Any) -> requests.Response:
        return self.fill("/login", username=username, password=password, **given)

    @property
    def token(self) -> str:
        return self.cookies.get("mailops") or ""

    def page_token(self, path: str = "/app", **given: Any) -> str:
        """The session token that stands in the page."""
        return re.search(r'"token":"([^"]+)"', self.see(path, **given).text)[1]  # type: ignore[index]


def upgrade(console: Console, token: str, browser: Browser, **headers: str) -> int:
    """Status of the websocket handshake, by plain HTTP."""
    sent = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Origin": console.url,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": f"bokeh, {token}",
    }
    with browser.get(f"{console.url}/app/ws", headers={**sent, **headers}, stream=True, timeout=10) as answer:
        return answer.status_code


def connect(console: Console, token: str, browser: Browser, **headers: str) -> WebSocketClientConnection:
    """Open the page's websocket with these cookies."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    sent = {"Cookie": cookies, "Origin": console.url, "User-Agent": AGENT, **headers}
    request = HTTPRequest(f"ws://127.0.0.1:{console.port}/app/ws", headers=sent)

    async def opened() -> WebSocketClientConnection:
        return await websocket_connect(request, subprotocols=["bokeh", token])

    return asyncio.run_coroutine_threadsafe(opened(), console.server.io_loop.asyncio_loop).result(20)


def drained(console: Console, socket: WebSocketClientConnection) -> int:
    """Read until the server closes the socket; gives the close code."""

    async def read() -> int:
        while await socket.read_message() is not None:
            pass
        code = int(socket.close_code or 0)
        socket.close()
        return code

    return asyncio.run_coroutine_threadsafe(read(), console.server.io_loop.asyncio_loop).result(20)


def _page() -> pn.Column:
    return pn.Column("hello")


@contextmanager
def running() -> Iterator[Console]:
    """A console of the environment's settings, stopped afterwards."""
    ready: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    up = threading.Event()

    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        server = get_server(
            {"/app": _page},
            port=port,
            address="127.0.0.1",
            start=False,
            show=False,
            auth_provider=AuthModule(HOME / "auth_module.py"),
            extra_patterns=plugin.ROUTES,
            xsrf_cookies=True,
            include_cookies=["none"],
            include_headers=["Host", "User-Agent", PAGE_HEADER],
            websocket_origin=[f"127.0.0.1:{port}"],
            check_unused_sessions_milliseconds=60_000,
        )
        ready.append(server)
        server.start()
        loop.call_soon(up.set)
        loop.run_forever()
        server.stop()
        server._http.stop()
        loop.run_until_complete(server._http.close_all_connections())
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert up.wait(30)
    server = ready[0]
    yield Console(server.port, context.site(), server)
    server.io_loop.asyncio_loop.call_soon_threadsafe(server.io_loop.asyncio_loop.stop)
    thread.join(10)
