"""Forms of answers: problems with real statuses, headers for other sites, lists that are sent while they are made."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from opslib.api import create_app
from opslib.api.envelope import MASK, masked
from opslib.api.refusal import PROBLEM
from opslib.ops import Ops
from opslib.resources import origins
from tests.opslib.api.support import Client, client_of, contract_key
from tests.opslib.resources.support import ADMIN, add_row, make_site

WANTED = {"Accept": f"text/html, {PROBLEM};q=0.9"}


@pytest.fixture
def client(engine: sa.Engine) -> Client:
    return client_of(engine)


# -- problems -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "add/domain", {"domain": "a b"}, 422),
        ("POST", "edit/mailbox", {"items": ["x@y.example"], "attr": {}}, 403),
        ("POST", "add/alias", "{no json", 400),
        ("POST", "add/alias", [1], 400),
        ("GET", "get/domain/nope.example", None, 404),
        ("GET", "get/nothing", None, 404),
        ("GET", "add/domain", None, 405),
        ("DELETE", "delete/domain", None, 405),
    ],
)
def test_problem_documents(client: Client, method: str, path: str, body: object, status: int) -> None:
    content = body if isinstance(body, str) or body is None else json.dumps(body)
    headers = {**WANTED, "Content-Type": "application/json"}
    answer = client.ask(method, f"/api/v1/{path}", content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    document = answer.json()
    assert (document["status"], document["type"]) == (status, "about:blank")
    assert client.ask(method, f"/api/v1/{path}", content=content, headers={"Content-Type": "application/json"}).status_code in (
        200, 400, 404, 405,
    )  # fmt: skip


def test_problems_name_fields_and_conflicts(client: Client) -> None:
    client.post("add/domain", {"domain": "a.example", "dkim_selector": ""})
    answer = client.ask("POST", "/api/v1/add/domain", json={"domain": "a.example"}, headers=WANTED)
    assert answer.status_code == 409
    assert answer.json()["errors"] == [
        {
            "key": "domain_exists",
            "args": ["a.example"],
            "field": "domain",
            "detail": "a.example is a domain or an alias domain of this server already.",
        }
    ]
    good = client.ask(
        "POST", "/api/v1/edit/domain", json={"items": ["a.example"], "attr": {"gal": "0"}}, headers=WANTED
    )
    assert (good.status_code, good.json()[0]["type"]) == (200, "success")


def test_nobody_gets_a_problem_too(client: Client) -> None:
    answer = Client(client.app).ask("GET", "/api/v1/get/domain/all", headers=WANTED)
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)


# -- lists ----------------------------------------------------------------------------------------------------------
def test_long_lists_are_the_same_streamed(engine: sa.Engine) -> None:
    site = make_site(engine)
    for number in range(450):
        add_row(engine, "alias", address=f"n{number:04}@a.example", goto="x@b.example", domain="a.example")
    client = Client(create_app(site), contract_key(site))
    answer = client.ask("GET", "/api/v1/get/alias/all")
    assert "content-length" not in answer.headers
    assert [row["address"] for row in answer.json()] == [f"n{number:04}@a.example" for number in range(450)]


# -- other sites ----------------------------------------------------------------------------------------------------
def test_origins(engine: sa.Engine) -> None:
    site = make_site(engine)
    client = Client(create_app(site), contract_key(site))

    def headers(origin: str) -> dict[str, str]:
        return dict(client.ask("GET", "/api/v1/get/passwordpolicy", headers={"Origin": origin}).headers)

    own = headers("https://mx.example.net")
    assert own["access-control-allow-origin"] == "https://mx.example.net"
    assert own["vary"] == "Origin"
    assert own["access-control-allow-headers"] == "Accept, Content-Type, X-Api-Key, Origin"
    for other in ("https://evil.example", "http://mx.example.net", "https://mx.example.net.evil.example", "null"):
        assert "access-control-allow-origin" not in headers(other)
    assert "access-control-allow-credentials" not in own
    attr = {"allowed_origins": ["*"], "allowed_methods": ["GET"]}
    assert client.post("edit/cors", {"items": "x", "attr": attr})[0]["msg"] == "cors_headers_edited"
    every = headers("https://evil.example")
    assert (every["access-control-allow-origin"], "vary" in every) == ("*", False)
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "DELETE"}
    assert client.ask("OPTIONS", "/api/v1/get/domain/all", headers=asked).status_code == 405


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("*", True),
        ("https://a.example", True),
        ("http://[2001:db8::1]:8080", True),
        ("https://a.example/", False),
        ("https://u@a.example", False),
        ("ftp://a.example", False),
        ("https://a.example:99999", False),
        ("a.example", False),
        ("https://a.example?x", False),
    ],
)
def test_what_is_an_origin(text: str, good: bool) -> None:
    assert origins.is_origin(text) is good


def test_origins_come_back_with_an_undo(engine: sa.Engine) -> None:
    ops = Ops(make_site(engine), ADMIN)
    done = ops.commit(origins.edit(ops, ["https://a.example"], ["GET", "POST"]))
    assert origins.allowed(ops.site).origins == ("https://a.example",)
    assert done.change_id is not None
    ops.commit(ops.undo(done.change_id))
    assert origins.allowed(ops.site).origins == ("https://mx.example.net",)


# -- masking --------------------------------------------------------------------------------------------------------
NESTED = st.recursive(
    st.text(max_size=5) | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
)


@given(
    NESTED, st.sampled_from(["password", "app_passwd2", "client_secret", "Token", "api_key", "yubico_key", "bindpass"])
)
def test_secrets_are_masked_at_any_depth(value: object, name: str) -> None:
    found = masked({"a": [{"b": {name: value}}], "c": value})
    assert found["a"][0]["b"] == {name: MASK}
    assert masked({"key_size": 2048}) == {"key_size": 2048}
