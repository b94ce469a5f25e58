"""From what a handler gives to bytes: JSON, a stream of objects, or a problem document (access.md 10.5)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from opslib.api import refusal
from opslib.api.calls import Route, Rows, Written
from opslib.api.refusal import PROBLEM, Refusal

JSON = "application/json"
BATCH = 200
FAILED = {"add": "Cannot add item", "edit": "Cannot edit item", "delete": "Cannot delete item"}
COMMON = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def dumps(value: Any) -> str:
    """JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def respond(value: Any, status: int = 200, kind: str = JSON, headers: Mapping[str, str] | None = None) -> Response:
    """A finished answer; None is an empty body."""
    body = b"" if value is None else dumps(value).encode()
    return Response(body, status, {**COMMON, **(headers or {})}, kind)


def refused(error: Refusal, problems: bool, headers: Mapping[str, str]) -> Response:
    """A request that was not carried out."""
    merged = {**headers, **error.headers}
    if problems:
        return respond(refusal.document(error.real, error.message or ""), error.real, PROBLEM, merged)
    return respond(error.body(), error.status, JSON, merged)


def answer(route: Route, value: Any, problems: bool, headers: Mapping[str, str]) -> Response:
    """What a handler gave."""
    if isinstance(value, Rows):
        return _rows(value.objects, headers)
    if isinstance(value, Written):
        return _written(route, value, problems, headers)
    if problems and value == {} and "{key}" in route.path:
        return respond(refusal.document(404, "There is no such object."), 404, PROBLEM, headers)
    return respond(value, headers=headers)


def _written(route: Route, value: Written, problems: bool, headers: Mapping[str, str]) -> Response:
    document = refusal.of_items(value.items) if problems else None
    if document is not None:
        return respond(document, document["status"], PROBLEM, headers)
    if value.items:
        return respond([item.body() for item in value.items], headers=headers)
    if value.done:
        return respond({"type": "success", "msg": "Task completed"}, headers=headers)
    error = Refusal(200, FAILED[route.action], real=422)
    return refused(error, problems, headers)


def _rows(objects: Iterator[dict[str, Any]], headers: Mapping[str, str]) -> Response:
    """A list, sent while it is encoded; an empty one is `{}`.  The first batch is made before the answer begins."""
    first = list(islice(objects, BATCH))
    if len(first) < BATCH:
        return respond(first or {}, headers=headers)
    return StreamingResponse(_stream(first, objects), 200, {**COMMON, **headers}, JSON)


def _stream(first: list[dict[str, Any]], rest: Iterator[dict[str, Any]]) -> Iterator[str]:
    opening = "["
    for batch in chain([first], iter(lambda: list(islice(rest, BATCH)), [])):
        yield opening + dumps(batch)[1:-1]
        opening = ","
    yield "]"
