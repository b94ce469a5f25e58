"""Calls of the HTTP API, from the request to the last byte of the answer, without a network."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from opslib.api import create_app
from opslib.ops import Ops
from tests.benchmarks.measure import Work

KEY = "bench"


def call(ops: Ops, method: str, path: str, body: Any = None) -> Work:
    """Asks with a key of its own and reads the whole answer."""
    resource = ops.resource("api_keys")
    plan = resource.run("renew", KEY) if resource.count() else resource.add({"label": KEY})
    headers = {"X-API-Key": ops.commit(plan).generated[KEY]}
    app = create_app(ops.site)

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers=headers) as client:
            answer = await client.request(method, f"/api/v1/{path}", json=body)
            answer.raise_for_status()

    return lambda: asyncio.run(ask())


def search(text: str, column: int) -> dict[str, Any]:
    """A page for DataTables."""
    order = [{"column": column, "dir": "desc"}]
    return {"draw": 1, "start": 0, "length": 25, "search": {"value": text}, "order": order}
