"""Bodies and addresses that nobody means well with: a clear refusal, never a 5xx."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opslib.api import bodies
from opslib.api.bodies import MOST_BYTES
from opslib.api.refusal import Refusal
from opslib.api.wire import routes
from tests.opslib.api.support import Client, client_of

JSON = {"Content-Type": "application/json"}
WRITES = sorted(
    {f"/api/v1/{route.action}/{route.path.replace('{key}', 'x')}" for route in routes() if route.method == "POST"}
)

RAW: dict[str, bytes] = {
    "no json": b"{not json",
    "deep": b"[" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "nan": b'{"quota": NaN}',
    "infinite": b'{"quota": 1e999}',
    "long number": b'{"quota": ' + b"9" * 10_000 + b"}",
    "half character": b'{"domain": "\\ud800"}',
    "no utf-8": b'{"domain": "\xff\xfe"}',
}
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 10**18, 10**30, "", " ", "0", "x" * 5000, "\x00", "a\nb", "<script>", "' OR 1=1 --", "%", "_",
    [], [[]], [None], [{"a": 1}], {}, {"a": [1]}, ["0", "1"], "ünïcödé@exämple.org", "💥", "@", "*", "a@b@c", "../../x",
]  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_bodies_that_are_no_json(engine: sa.Engine, name: str) -> None:
    client = client_of(engine)
    for path in ("/api/v1/add/domain", "/api/v1/edit/mailbox", "/api/v1/delete/alias", "/api/v1/search/mailbox"):
        answer = client.ask("POST", path, content=RAW[name], headers=JSON)
        assert (answer.status_code, answer.json()["msg"]) == (400, "Request body doesn't contain valid json!")


def attributes() -> list[str]:
    """Every attribute of every address."""
    return sorted({name for route in routes() for name in route.attributes.get("properties", {})})


def test_every_attribute_with_every_value(engine: sa.Engine) -> None:
    """Each address gets each value for all of its attributes at once."""
    client = client_of(engine)
    client.post("add/domain", {"domain": "a.example", "dkim_selector": ""})
    client.post(
        "add/mailbox", {"local_part": "a", "domain": "a.example", "password": "Secret-1", "password2": "Secret-1"}
    )
    for path in WRITES:
        action = path.split("/")[3]
        for value in VALUES:
            attr = dict.fromkeys(attributes(), value)
            named = {**attr, "domain": "a.example", "username": "a@a.example"}
            for given_ in (attr, named):
                items = ["a.example", "a@a.example", "1", value]
                body: Any = (
                    {"items": items, "attr": given_} if action == "edit" else [value] if action == "delete" else given_
                )
                answer = client.ask("POST", path, json=body)
                assert answer.status_code == 200, (path, value, answer.text[:300])
                assert "Traceback" not in answer.text


@pytest.mark.parametrize("body", [b"null", b"1", b'"x"', b"[]", b"[[]]", b"{}", b'{"items":{}}', b'{"attr":[]}', b""])
def test_bodies_of_another_shape(engine: sa.Engine, body: bytes) -> None:
    client = client_of(engine)
    for path in WRITES:
        answer = client.ask("POST", path, content=body, headers=JSON)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json()


def test_large_bodies(engine: sa.Engine) -> None:
    answer = client_of(engine).ask("POST", "/api/v1/add/domain", content=b" " * (MOST_BYTES + 1), headers=JSON)
    assert answer.status_code == 413


def test_keys_in_addresses(engine: sa.Engine) -> None:
    client = client_of(engine)
    for key in ("%00", "%0a", "'", "a%2fb", "x" * 3000, "%f0%9f%92%a5", "3@anything", "..", "%ed%a0%80", "*", "%25"):
        for path in (
            "domain",
            "mailbox",
            "alias",
            "alias-domain",
            "resource",
            "app-passwd",
            "domain/template",
            "rl-mbox",
        ):
            answer = client.ask("GET", f"/api/v1/get/{path}/{key}")
            assert answer.status_code in (200, 404), (path, key, answer.text)
            assert answer.status_code == 404 or answer.json() == {}


def test_type_hidden_in_a_parameter(engine: sa.Engine) -> None:
    """A type that only carries the words in a parameter is no JSON: it would pass browsers without a preflight."""
    headers = {"Content-Type": "text/plain; charset=application/json"}
    answer = client_of(engine).ask("POST", "/api/v1/add/domain", content=b'{"domain":"x.example"}', headers=headers)
    assert answer.json()["msg"] == "Cannot find attributes in post data"


def test_attributes_never_name_other_items(engine: sa.Engine) -> None:
    client = client_of(engine)
    for name in ("one.example", "two.example"):
        client.post("add/domain", {"domain": name, "dkim_selector": ""})
    client.post("edit/domain", {"items": ["one.example"], "attr": {"domain": "two.example", "gal": "0"}})
    assert [row["gal"] for row in client.get("domain/all")] == [0, 1]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["add", "edit", "delete", "search"]), st.binary(max_size=60) | st.text().map(str.encode))
def test_reading_bodies_never_fails_otherwise(action: str, raw: bytes) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain", ""):
        try:
            found = bodies.read(action, kind, raw)
        except Refusal as refusal:
            assert refusal.status in (200, 400)
        else:
            json.dumps([dict(found.attr), found.items]).encode()


def test_forms(engine: sa.Engine) -> None:
    client: Client = client_of(engine)
    plain = client.ask("POST", "/api/v1/add/domain", data={"attr": '{"domain":"form.example","dkim_selector":""}'})
    assert plain.json()[-1]["msg"] == ["domain_added", "form.example"]
    parts = {"items": (None, '["form.example"]'), "attr": (None, '{"gal":"0"}')}
    assert client.ask("POST", "/api/v1/edit/domain", files=parts).json()[0]["msg"] == [
        "domain_modified",
        "form.example",
    ]
    assert client.ask("POST", "/api/v1/edit/domain", files={"items": (None, "[")}).status_code in (200, 400)
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.ask("POST", "/api/v1/edit/domain", content=b"--y", headers=broken).status_code in (200, 400)
