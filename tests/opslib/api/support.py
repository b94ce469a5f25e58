"""What tests of the API share: a site, keys, and a client that calls the application without a network."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from opslib import signin
from opslib.actor import Role
from opslib.api import create_app
from opslib.api.identity import csrf_of
from opslib.ops import Ops
from opslib.signin import Identity
from opslib.site import Site
from tests.opslib.resources.support import ADMIN, make_site

GOLDEN = Path(__file__).parent / "golden"
REMOTE = "192.0.2.7"
AGENT = "tests"


class Client:
    """Calls the API from an address, with a key or a session."""

    def __init__(self, app: FastAPI, key: str = "", token: str = "", remote: str = REMOTE) -> None:
        self.app, self.remote = app, remote
        self.headers = {"User-Agent": AGENT, **({"X-API-Key": key} if key else {})}
        if token:
            self.headers |= {"Cookie": f"mailops={token}", "X-CSRF-Token": csrf_of(token)}

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Any request."""
        headers = {**self.headers, **given.pop("headers", {})}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(self.remote, 40000), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, path, headers=headers, **given)

        return asyncio.run(ask())

    def get(self, path: str, **given: Any) -> Any:
        """What `get/<path>` answers."""
        return self.ask("GET", f"/api/v1/get/{path}", **given).json()

    def post(self, path: str, body: Any, **given: Any) -> Any:
        """What a post of JSON answers."""
        return self.ask("POST", f"/api/v1/{path}", json=body, **given).json()


def contract_key(site: Site, access: str = "rw", **values: Any) -> str:
    """A key of the contract's table, accepted from anywhere unless told."""
    ops = Ops(site, ADMIN)
    given = {"access": access, "skip_ip_check": True, **values}
    return next(iter(ops.commit(ops.resource("contract_keys").add(given)).generated.values()))


def named_key(site: Site, label: str, **values: Any) -> str:
    """A named key."""
    ops = Ops(site, ADMIN)
    return ops.commit(ops.resource("api_keys").add({"label": label, **values})).generated[label]


def session_token(site: Site, name: str, role: Role) -> str:
    """The token of a new session."""
    return signin.open_session(site, Identity(name, role), REMOTE, AGENT)


def client_of(engine: sa.Engine, access: str = "rw", **site: Any) -> Client:
    """A client with a contract key on a fresh site."""
    found = make_site(engine, **site)
    return Client(create_app(found), contract_key(found, access))


def captures(name: str) -> dict[str, Any]:
    """Recorded requests and answers by name."""
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())["captures"]
    return found
