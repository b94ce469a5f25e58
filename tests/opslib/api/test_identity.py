"""Keys: of the contract and named, where they are accepted, what is said of bad ones (access.md 10.1, 10.2)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from opslib.api import create_app
from opslib.ops import Ops
from opslib.schema import logs
from opslib.schema.console import ops_api_key, ops_change_row
from opslib.signin.address import Network
from opslib.site import Site
from opslib.stores.database import read
from tests.opslib.api.support import Client, contract_key, named_key, session_token
from tests.opslib.resources.support import ADMIN, NOW, add_row, make_site

ASKED = "/api/v1/get/passwordpolicy"


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    return make_site(engine)


def status(client: Client, **given: Any) -> int:
    return client.ask("GET", ASKED, **given).status_code


def test_case_and_inactive_keys(site: Site) -> None:
    app, key = create_app(site), contract_key(site)
    assert status(Client(app, key)) == 200
    assert status(Client(app, key.lower())) == 401
    assert status(Client(app, f" {key}!")) == 200  # other characters are stripped, as the contract has it
    ops = Ops(site, ADMIN)
    ops.commit(ops.resource("contract_keys").edit("rw", {"active": False}))
    assert status(Client(app, key)) == 401


@pytest.mark.parametrize(
    ("allowed", "remote", "good"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.0/24", "192.0.2.9", True),
        ("192.0.2.0/24", "192.0.3.9", False),
        ("2001:db8::/32, 10.0.0.1", "2001:db8::5", True),
        ("2001:db8::/32, 10.0.0.1", "2001:db9::5", False),
    ],
)
def test_allow_list(site: Site, allowed: str, remote: str, good: bool) -> None:
    key = contract_key(site, "ro", skip_ip_check=False, allow_from=allowed)
    answer = Client(create_app(site), key, remote=remote).ask("GET", ASKED)
    assert (answer.status_code == 200) is good
    if not good:
        assert answer.json() == {"type": "error", "msg": f"api access denied for ip {remote}"}
        assert answer.headers["content-type"] == "application/json"


def test_forwarded_addresses_count_only_from_proxies(site: Site) -> None:
    import ipaddress

    proxies: list[Network] = [ipaddress.ip_network("10.0.0.0/8")]
    key = contract_key(site, "ro", skip_ip_check=False, allow_from="192.0.2.7")
    claimed = {"X-Forwarded-For": "192.0.2.7"}
    app = create_app(site, proxies)
    assert status(Client(app, key, remote="10.0.0.2"), headers=claimed) == 200
    assert status(Client(app, key, remote="198.51.100.3"), headers=claimed) == 401
    assert status(Client(app, key, remote="10.0.0.2"), headers={"X-Forwarded-For": "192.0.2.7, 203.0.113.9"}) == 401


def test_bad_keys_are_told_to_fail2ban(site: Site) -> None:
    heard: list[str] = []
    publish = site.keyvalue.publish
    site.keyvalue.publish = lambda channel, message: (heard.append(message), publish(channel, message))[1]  # type: ignore
    client = Client(create_app(site), "AAAAAA-BBBBBB", remote="198.51.100.3")
    for _ in range(30):
        assert status(client) == 401
    assert heard == ["mailcow UI: Invalid password for API_USER by 198.51.100.3"] * 30
    with read(site.engine) as connection:
        rows = connection.scalar(sa.select(sa.func.count()).select_from(logs))
    assert 0 < rows < 10  # the log is spared what the throttle counts
    assert "Retry-After" in client.ask("GET", ASKED).headers


def test_keys_make_no_session(site: Site) -> None:
    answer = Client(create_app(site), contract_key(site)).ask("GET", ASKED)
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


# -- named keys -----------------------------------------------------------------------------------------------------
def test_named_keys_are_digests_and_end(engine: sa.Engine) -> None:
    moment = [NOW]
    site = make_site(engine, clock=lambda: moment[0])
    key = named_key(site, "robot", expires="90d")
    with read(engine) as connection:
        row = connection.execute(sa.select(ops_api_key)).mappings().one()
        images = connection.scalars(sa.select(ops_change_row.c.after_image)).all()
    assert key not in str(dict(row)) + "".join(images)
    assert row["digest"] not in "".join(images)
    client = Client(create_app(site), key)
    assert status(client) == 200
    moment[0] = NOW + timedelta(days=89)
    assert status(client) == 200
    moment[0] = NOW + timedelta(days=90)
    assert status(client) == 401


def test_last_use_is_shown(site: Site) -> None:
    key = named_key(site, "robot")
    resource = Ops(site, ADMIN).resource("api_keys")
    assert resource.rows()[0]["used"] is None
    Client(create_app(site), key, remote="203.0.113.5").get("passwordpolicy")
    row = resource.rows()[0]
    assert (row["used"], row["used_from"]) == (NOW, "203.0.113.5")


def test_limits_of_resources_and_verbs(site: Site) -> None:
    app = create_app(site)
    reader = Client(app, named_key(site, "reader", resources=["domains"], verbs=["get", "edit"]))
    assert reader.get("domain/all") == {}
    assert reader.ask("GET", "/api/v1/get/mailbox/all").status_code == 403
    assert reader.ask("POST", "/api/v1/add/domain", json={"domain": "new.example"}).status_code == 403
    assert reader.ask("POST", "/api/v1/edit/domain", json={"items": ["x.example"], "attr": {}}).status_code == 200
    assert reader.ask("POST", "/api/v1/search/domain", json={}).status_code == 200


def test_renewed_and_revoked_keys(site: Site) -> None:
    app, old, ops = create_app(site), named_key(site, "robot"), Ops(site, ADMIN)
    new = ops.commit(ops.resource("api_keys").run("renew", "robot")).generated["robot"]
    assert (status(Client(app, old)), status(Client(app, new))) == (401, 200)
    ops.commit(ops.resource("api_keys").delete("robot"))
    assert status(Client(app, new)) == 401


def test_keys_of_no_real_domain(site: Site) -> None:
    ops = Ops(site, ADMIN)
    plan = ops.resource("api_keys").add_many([{"label": "x", "domains": ["nowhere.example"]}])
    assert [outcome.key for outcome in plan.refused] == ["domain_not_found"]


# -- sessions -------------------------------------------------------------------------------------------------------
def test_sessions_of_accounts(site: Site) -> None:
    add_row(site.engine, "admin", username="boss", password="{CRYPT}*", superadmin=1, active=1)
    app, token = create_app(site), session_token(site, "boss", "admin")
    assert status(Client(app, token=token)) == 200
    assert status(Client(app, token="x" * 43)) == 401
    assert status(Client(app, token=token), headers={"User-Agent": "another"}) == 401
    page = Client(app, token=token).ask("GET", "/api/session").json()
    assert page["csrf_token"] == Client(app, token=token).headers["X-CSRF-Token"]
    assert Client(app).ask("GET", "/api/session").json() == {"csrf_token": ""}


# -- traces ---------------------------------------------------------------------------------------------------------
def test_api_log_is_masked(site: Site) -> None:
    client = Client(create_app(site), contract_key(site))
    client.post(
        "add/mailbox", {"local_part": "x", "password": "Very-Secret-1", "nested": [{"api_key": "Very-Secret-2"}]}
    )
    entry = json.loads(site.keyvalue.lrange("API_LOG")[0])
    assert set(entry) == {"time", "uri", "method", "remote", "data"}
    assert (entry["uri"], entry["method"], entry["remote"]) == ("/api/v1/add/mailbox", "POST", "192.0.2.7")
    with read(site.engine) as connection:
        row = connection.execute(sa.select(logs).order_by(logs.c.id.desc())).mappings().first()
    assert row is not None
    assert (row["user"], row["role"], row["type"]) == ("API", "admin", "danger")
    assert "Very-Secret" not in entry["data"] + row["call"] + row["msg"]


def test_nothing_is_logged_before_the_key_is_known(site: Site) -> None:
    Client(create_app(site), "AAAAAA").get("passwordpolicy")
    assert site.keyvalue.lrange("API_LOG") == []


def test_moment_of_expiry_is_utc(site: Site) -> None:
    named_key(site, "robot", expires="2026-12-31T00:00:00Z")
    with read(site.engine) as connection:
        assert connection.scalar(sa.select(ops_api_key.c.expires)) == datetime(2026, 12, 31)
