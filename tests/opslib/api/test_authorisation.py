"""Who may use which address: every route, asked by everybody (access.md 10, 20.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from opslib.api import create_app
from opslib.api.calls import Route
from opslib.api.wire import routes
from opslib.commit import commit
from opslib.ops import Ops
from opslib.schema import domain, mailbox, user_acl
from opslib.site import Site
from opslib.stores.database import read
from tests.opslib.api.support import Client, contract_key, named_key, session_token
from tests.opslib.resources.support import ADMIN, add_row, make_site

MINE, THEIRS = "mine.example", "theirs.example"
BOX, OTHER = f"box@{MINE}", f"box@{THEIRS}"
STAFF_GETS = ("passwordpolicy",)
ADMIN_ONLY = {"edit/passwordpolicy", "edit/cors", "add/domain", "delete/domain"} | {
    f"{action}/{kind}/template" for action in ("add", "edit", "delete") for kind in ("domain", "mailbox")
}


def add_box(ops: Ops, address: str) -> None:
    local, _, name = address.partition("@")
    commit(ops.site, ADMIN, ops.resource("domains").add({"domain": name, "dkim_selector": "", "key_size": 2048}))
    values = {"local_part": local, "domain": name, "password": "Secret-123"}
    commit(ops.site, ADMIN, ops.resource("mailboxes").add(values))
    commit(ops.site, ADMIN, ops.resource("aliases").add({"address": f"info@{name}", "goto": address}))


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    """Two domains with a mailbox each, and a domain administrator of the first."""
    found = make_site(engine)
    ops = Ops(found, ADMIN)
    for address in (BOX, OTHER):
        add_box(ops, address)
    add_row(engine, "admin", username="boss", password="{CRYPT}*", superadmin=1, active=1)
    add_row(engine, "admin", username="dadmin", password="{CRYPT}*", superadmin=0, active=1)
    add_row(engine, "da_acl", username="dadmin")
    add_row(engine, "domain_admins", username="dadmin", domain=MINE, active=1)
    return found


@dataclass
class Asked:
    """What one caller got for a route."""

    status: int
    body: Any

    @property
    def seen(self) -> bool:
        """Whether an answer shows anything."""
        return self.status == 200 and self.body not in ({}, [], None, False)

    @property
    def done(self) -> bool:
        """Whether a write did anything."""
        return self.status == 200 and isinstance(self.body, list) and any(i.get("type") == "success" for i in self.body)


def ask(client: Client, route: Route, key: str, headers: dict[str, str] | None = None) -> Asked:
    """Ask a route about one object."""
    name = key.partition("@")[2]
    owner = name if "domain" in route.path or route.path.startswith(("alias-domain", "mta-sts")) else key
    path = re.sub(r"\{days\}", "7", re.sub(r"\{domains\}", name, route.path)).replace("{mailbox}", key)
    path = path.replace("{key}", owner)
    attr = {"domain": name, "username": key, "active": "1", "object_from": "x@y.example", "object_list": "bl"}
    attr |= {"address": f"new@{name}", "goto": key, "local_part": "new", "target_domain": name}
    attr |= {"old_local_part": "box", "new_local_part": "renamed", "description": "Room", "kind": "location"}
    bodies = {"add": attr, "edit": {"items": [owner], "attr": attr}, "delete": [owner], "search": {"draw": 1}}
    given = {} if route.method == "GET" else {"json": bodies[route.action]}
    answer = client.ask(route.method, f"/api/v1/{route.action}/{path}", headers=headers or {}, **given)
    return Asked(answer.status_code, answer.json() if answer.content else None)


def state(site: Site) -> list[Any]:
    """Rows that no unauthorised call may change."""
    with read(site.engine) as connection:
        tables = (domain, mailbox, user_acl)
        return [
            [tuple(map(str, row)) for row in connection.execute(sa.select(t).order_by(*t.primary_key))] for t in tables
        ]


@pytest.fixture
def clients(site: Site) -> dict[str, Client]:
    """Everybody, by what he is."""
    app = create_app(site)
    return {
        "nobody": Client(app),
        "bad key": Client(app, "AAAAAA-AAAAAA-AAAAAA-AAAAAA-AAAAAA"),
        "read-only key": Client(app, contract_key(site, "ro")),
        "key of another domain": Client(app, named_key(site, "theirs", domains=[THEIRS])),
        "read-only named key": Client(app, named_key(site, "reader", read_only=True)),
        "domain administrator": Client(app, token=session_token(site, "dadmin", "domainadmin")),
        "mailbox user": Client(app, token=session_token(site, BOX, "user")),
        "administrator": Client(app, token=session_token(site, "boss", "admin")),
        "key": Client(app, contract_key(site)),
    }


def names(route: Route) -> str:
    return f"{route.action}/{route.path}"


READS = [route for route in routes() if not route.writes]
WRITES = [route for route in routes() if route.writes]


def test_nobody_gets_anywhere(site: Site, clients: dict[str, Client]) -> None:
    before = state(site)
    for who in ("nobody", "bad key"):
        for route in routes():
            found = ask(clients[who], route, BOX)
            assert found.status == 401, names(route)
            assert found.body == {"type": "error", "msg": "authentication failed"}
    assert state(site) == before


def test_read_only_keys_change_nothing(site: Site, clients: dict[str, Client]) -> None:
    before = state(site)
    for who in ("read-only key", "read-only named key"):
        for route in WRITES:
            found = ask(clients[who], route, BOX)
            assert (found.status, found.body["msg"]) == (403, "API read/write access denied"), names(route)
        for route in READS:
            assert ask(clients[who], route, BOX).status == 200, names(route)
    assert state(site) == before


def test_other_domains_do_not_exist(site: Site, clients: dict[str, Client]) -> None:
    """A key limited to one domain neither sees nor changes anything of another, whatever the address."""
    before, client = state(site), clients["key of another domain"]
    for route in routes():
        found = ask(client, route, BOX)
        assert found.status == 200, names(route)
        text = str(found.body)
        if not route.writes:
            assert "{" not in route.path or not found.seen, f"{names(route)}: {text:.200}"
            assert MINE not in text, f"{names(route)}: {text:.200}"
        else:
            assert not found.done, f"{names(route)}: {text:.200}"
    assert state(site) == before


def test_domain_administrators_stay_at_home(site: Site, clients: dict[str, Client]) -> None:
    before, client = state(site), clients["domain administrator"]
    for route in routes():
        found = ask(client, route, OTHER)
        if route.changes:
            assert found.status == 403, names(route)
        elif route.writes:
            assert found.status == 200, names(route)
            assert not found.done, f"{names(route)}: {found.body!r:.200}"
        else:
            assert THEIRS not in str(found.body), f"{names(route)}: {found.body!r:.200}"
    assert state(site) == before


def test_domain_administrators_work_at_home(site: Site, clients: dict[str, Client]) -> None:
    client = clients["domain administrator"]
    seen = {names(route) for route in READS if ask(client, route, BOX).seen}
    assert {"get/domain/all", "get/domain/{key}", "get/mailbox/{key}", "get/alias/all", "search/mailbox"} <= seen
    for route in WRITES:
        found = ask(client, route, BOX) if names(route) in ADMIN_ONLY else None
        assert found is None or not found.done, names(route)
    done = client.post("edit/mailbox", {"items": [BOX], "attr": {"name": "Somebody"}})
    assert done[0]["type"] == "success"


def test_mailbox_users_have_their_own(site: Site, clients: dict[str, Client]) -> None:
    client = clients["mailbox user"]
    for route in routes():
        found = ask(client, route, OTHER)
        if route.action == "search" or route.changes:
            assert found.status == 403, names(route)
            continue
        assert found.status == 200, names(route)
        assert not found.done, f"{names(route)}: {found.body!r:.200}"
        assert route.writes or THEIRS not in str(found.body), f"{names(route)}: {found.body!r:.200}"
    assert client.get(f"mailbox/{BOX}")["username"] == BOX
    assert client.post("edit/tls_policy", {"items": [BOX], "attr": {"tls_enforce_in": "1"}})[0]["type"] == "success"
    assert client.post("delete/eas_cache", [BOX])[0]["msg"] == ["eas_reset", BOX]
    for path in ("mailbox", "resource"):
        assert client.post(f"delete/{path}", [BOX])[0]["msg"] == "access_denied"


def test_sessions_prove_themselves(site: Site, clients: dict[str, Client]) -> None:
    before = state(site)
    for route in WRITES:
        for forged in ({"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"Sec-Fetch-Site": "cross-site"}):
            assert ask(clients["administrator"], route, BOX, forged).status == 403, names(route)
        other = {"Origin": "https://elsewhere.example"}
        assert ask(clients["administrator"], route, BOX, other).status == 403, names(route)
    assert state(site) == before
    assert clients["administrator"].post("edit/domain", {"items": [MINE], "attr": {"gal": "0"}})[0]["type"] == "success"


def test_navigation_is_refused(site: Site, clients: dict[str, Client]) -> None:
    for who in ("nobody", "key", "administrator"):
        for route in READS:
            found = ask(clients[who], route, BOX, {"Sec-Fetch-Dest": "document"})
            assert (found.status, found.body) == (403, None), names(route)


def test_changes_carry_the_key(site: Site, clients: dict[str, Client]) -> None:
    app = clients["key"].app
    named = Client(app, named_key(site, "robot"))
    for client, name in ((clients["key"], "API"), (named, "key:robot")):
        client.post("edit/domain", {"items": [MINE], "attr": {"description": name}})
        change = Ops(site, ADMIN).resource("changes").rows(None, ["actor", "via", "label"])[0]
        assert (change["actor"], change["via"], change["label"]) == (name, "api", f"Edit domain {MINE}")
