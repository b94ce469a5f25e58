"""The OpenAPI document: what FastAPI says of an address, filled from its declaration (access.md 10.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opslib.api.calls import Route
from opslib.api.refusal import PROBLEM

ERROR = {
    "type": "object",
    "properties": {"type": {"const": "error"}, "msg": {"type": "string"}},
    "required": ["type", "msg"],
}
ITEM = {
    "type": "object",
    "properties": {
        "type": {"enum": ["success", "info", "warning", "danger"]},
        "log": {"type": "array"},
        "msg": {"anyOf": [{"type": "string"}, {"type": "array"}], "description": "key, or [key, arguments...]"},
    },
    "required": ["type", "log", "msg"],
}
GENERAL = {
    "type": "object",
    "properties": {"type": {"enum": ["success", "error"]}, "msg": {"type": "string"}},
    "required": ["type", "msg"],
}
DOCUMENT = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "title", "status"],
}
SCHEMAS = {"Error": ERROR, "Item": ITEM, "General": GENERAL, "Problem": DOCUMENT}
ITEMS = {"type": "array", "items": {"type": ["string", "integer"]}}
SECURITY: list[dict[str, list[str]]] = [{"ApiKeyAuth": []}]


def _to(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def operation(route: Route) -> dict[str, Any]:
    """What a route's operation says beside its summary."""
    found: dict[str, Any] = {"responses": _responses(route), "security": SECURITY}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in parameters_of(route.path)
    ]
    if route.action == "get" and route.path in (
        "domain/all",
        "mailbox/all",
        "mailbox/all/{domains}",
        "mailbox/reduced",
    ):
        parameters.append({"name": "tags", "in": "query", "required": False, "schema": {"type": "string"}})
    if parameters:
        found["parameters"] = parameters
    if route.method == "POST":
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body_of(route)}}}
    return found


def parameters_of(path: str) -> list[str]:
    """Names of the parameters in a path."""
    return [part[1:-1].partition(":")[0] for part in path.split("/") if part.startswith("{")]


def body_of(route: Route) -> Mapping[str, Any]:
    """JSON schema of the body (access.md 10.4)."""
    attributes = dict(route.attributes) or {"type": "object"}
    if route.action == "delete":
        return ITEMS
    if route.action == "edit":
        items = {"anyOf": [ITEMS, {"type": ["string", "integer"]}]}
        return {"type": "object", "properties": {"items": items, "attr": attributes}}
    return attributes


def _responses(route: Route) -> dict[str, Any]:
    good = route.answer or {}
    if route.method == "POST" and route.action != "search":
        good = {"anyOf": [{"type": "array", "items": _to("Item"), "minItems": 1}, _to("General")]}
    found: dict[str, Any] = {"200": {"description": "Done", "content": {"application/json": {"schema": dict(good)}}}}
    codes = {"401": "No key, a wrong one, or one from elsewhere", "403": "Not for this key or account"}
    if route.method == "POST":
        codes |= {"400": "No JSON", "413": "Too large"}
    content = {"application/json": {"schema": _to("Error")}, PROBLEM: {"schema": _to("Problem")}}
    return {**found, **{code: {"description": words, "content": content} for code, words in codes.items()}}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what all operations share."""
    components = document.setdefault("components", {})
    components["schemas"] = {**SCHEMAS}
    components["securitySchemes"] = {"ApiKeyAuth": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
    document["servers"] = [{"url": "/"}]
    return document
