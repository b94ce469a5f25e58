"""The API on the console's port: what goes in and comes out through Tornado."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from dashboards import asgi
from dashboards import security as gate


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An application that tells what it was asked, in pieces."""
    asked = await receive()
    told = [scope["method"], scope["path"], scope["query_string"].decode(), scope["client"][0], asked["body"].decode()]
    await send(
        {"type": "http.response.start", "status": 207, "headers": [(b"x-told", b"yes"), (b"content-type", b"a/b")]}
    )
    for word in told:
        await send({"type": "http.response.body", "body": f"{word};".encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def ask(monkeypatch: pytest.MonkeyPatch, path: str, **given: Any) -> HTTPResponse:
    monkeypatch.setattr(asgi, "application", lambda: echo)
    monkeypatch.setattr(gate, "refuse_foreign_host", lambda _: None)

    async def run() -> HTTPResponse:
        socket, port = bind_unused_port()
        server = HTTPServer(Application(asgi.ROUTES, xsrf_cookies=True))
        server.add_socket(socket)
        try:
            client = AsyncHTTPClient(force_instance=True)
            return await client.fetch(f"http://127.0.0.1:{port}{path}", raise_error=False, **given)
        finally:
            server.stop()
            await server.close_all_connections()

    return asyncio.run(run())


def test_requests_arrive_and_answers_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, "/api/v1/a%20b?q=1", method="POST", body="text")
    assert answer.code == 207
    assert answer.body == b"POST;/api/v1/a b;q=1;127.0.0.1;text;"
    assert answer.headers["X-Told"] == "yes"
    assert answer.headers.get_list("Content-Type") == ["a/b"]
    assert "Server" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "DELETE"])
def test_methods(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    assert ask(monkeypatch, "/api", method=method).body.startswith(method.encode())


def test_head_has_no_body(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, "/api/v1/x", method="HEAD")
    assert (answer.code, answer.body) == (207, b"")


def test_other_addresses_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, "/apiary").code == 404
