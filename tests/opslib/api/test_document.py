"""The OpenAPI document: complete, and kept by the answers whatever is sent (access.md 10.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from opslib.api import create_app
from opslib.api.app import BASE
from opslib.api.wire import routes
from opslib.ops import Ops
from opslib.site import Site
from tests.opslib.api.support import Client, contract_key
from tests.opslib.resources.support import ADMIN, make_site

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 6  # for each operation and caller
KNOWN = ("a.example", "a@a.example", "1")


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    """A site with one of most things."""
    found = make_site(engine)
    client = Client(create_app(found), contract_key(found))
    client.post("add/domain", {"domain": "a.example", "dkim_selector": ""})
    client.post(
        "add/mailbox", {"local_part": "a", "domain": "a.example", "password": "Secret-1", "password2": "Secret-1"}
    )
    client.post("add/alias", {"address": "b@a.example", "goto": "a@a.example"})
    client.post("add/alias-domain", {"alias_domain": "b.example", "target_domain": "a.example"})
    client.post("add/resource", {"domain": "a.example", "description": "Room", "kind": "location"})
    client.post(
        "add/app-passwd",
        {"username": "a@a.example", "app_name": "x", "app_passwd": "Secret-1", "app_passwd2": "Secret-1"},
    )
    client.post("add/domain-policy", {"domain": "a.example", "object_list": "bl", "object_from": "x@y.example"})
    client.post("add/time_limited_alias", {"username": "a@a.example"})
    client.post("edit/rl-mbox", {"items": ["a@a.example"], "attr": {"rl_value": 5, "rl_frame": "m"}})
    return found


def operations(app: Any) -> Iterator[Any]:
    """Operations of the document."""
    for found in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        yield found.ok()


def test_every_route_is_described(site: Site) -> None:
    document = create_app(site).openapi()
    described = {(path, method) for path, found in document["paths"].items() for method in found}
    assert described == {(f"{BASE}/{route.action}/{route.path}", route.method.lower()) for route in routes()}
    assert document["info"]["version"] == "1.0.0"
    assert document["components"]["securitySchemes"]["ApiKeyAuth"]["name"] == "X-API-Key"
    names = [found["operationId"] for paths in document["paths"].values() for found in paths.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("who", ["rw", "ro", "nobody"])
def test_answers_keep_to_the_document(site: Site, who: str) -> None:
    app = create_app(site)
    client = Client(app) if who == "nobody" else Client(app, contract_key(site, "ro") if who == "ro" else _key(site))
    for operation in operations(app):
        attack(client, operation)


def _key(site: Site) -> str:
    ops = Ops(site, ADMIN)
    return ops.commit(ops.resource("contract_keys").run("renew", "rw")).generated["read and write"]


def attack(client: Client, operation: Any) -> None:
    """Made-up requests, and one for a thing that is there."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        arguments = case.as_transport_kwargs(base_url="http://testserver")
        for name in ("cookies", "method", "url"):
            arguments.pop(name, None)
        arguments["headers"] = {n: v for n, v in arguments.get("headers", {}).items() if n.lower() == "content-type"}
        if "data" in arguments:
            arguments["content"] = arguments.pop("data")
        answer = client.ask(case.method, case.formatted_path, **arguments)
        case.validate_response(answer, checks=CHECKS)

    ask()
    if "{key}" in operation.path and operation.method.lower() == "get":
        for key in KNOWN:
            case = operation.Case(path_parameters={"key": key, "days": "7"})
            case.validate_response(client.ask("GET", case.formatted_path), checks=CHECKS)


# -- the page -------------------------------------------------------------------------------------------------------
def test_page_loads_nothing_from_elsewhere(site: Site) -> None:
    client = Client(create_app(site))
    for path in ("/api/", "/api/swagger"):
        answer = client.ask("GET", path, params={"url": "https://evil.example/x.json"})
        assert answer.status_code == 200
        assert "http" not in answer.text
        assert "evil" not in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert client.ask("GET", f"/api/assets/{name}").status_code == 200
    for name in ("..%2fapp.py", "app.py", "favicon.png"):
        assert client.ask("GET", f"/api/assets/{name}").status_code == 404
    assert client.ask("GET", "/api/openapi.json").json()["openapi"].startswith("3.1")
