"""Attributes and items of a request body, JSON or form (access.md 10.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from opslib.api.refusal import NO_ATTRIBUTES, NO_JSON, Refusal

MOST_BYTES = 8 << 20
MOST_FIELDS = 50
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Body:
    """`attr` and `items`, and the token of a form."""

    attr: Mapping[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    csrf: str = ""


def is_json(content_type: str) -> bool:
    """Whether the body is declared as JSON: the type itself, not some parameter of another one."""
    return content_type.split(";")[0].strip().lower() == "application/json"


def read(action: str, content_type: str, raw: bytes, form: Mapping[str, str] | None = None) -> Body:
    """The body of a write or search.  `form` are the fields of a multipart form, read already.

    Raises
    ------
    Refusal
        400 for what is no JSON; the contract's 200 where attributes are missing.
    """
    if form is None and is_json(content_type):
        return _of_json(action, raw) if raw.strip() else _missing()
    fields = dict(form or {}) if form is not None else _fields(content_type, raw)
    body = _of_form(action, fields)
    return Body({n: v for n, v in body.attr.items() if n != "csrf_token"}, body.items, fields.get("csrf_token", ""))


def _missing() -> NoReturn:
    raise Refusal(200, NO_ATTRIBUTES, real=400)


def _of_json(action: str, raw: bytes) -> Body:
    found = loads(raw)
    if action == "delete":
        return Body(items=_listed(found))
    if not isinstance(found, dict):
        _missing()
    if action == "edit":
        attr = found.get("attr", {})
        csrf = found.get("csrf_token", "")
        return _plain(attr if isinstance(attr, dict) else {}, _listed(found.get("items", [])), csrf)
    return _plain(found, [])


def _plain(attr: Mapping[str, Any], items: list[Any], csrf: Any = "") -> Body:
    token = csrf or attr.get("csrf_token", "")
    rest = {name: value for name, value in attr.items() if name != "csrf_token"}
    return Body(rest, items, token if isinstance(token, str) else "")


def _fields(content_type: str, raw: bytes) -> dict[str, str]:
    if content_type.split(";")[0].strip().lower() != FORM:
        return {}
    try:
        return dict(parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise Refusal(400, NO_JSON) from None


def _of_form(action: str, fields: Mapping[str, str]) -> Body:
    attr = loads(fields["attr"]) if "attr" in fields else None
    items = _listed(loads(fields["items"])) if "items" in fields else None
    if action in ("add", "edit") and not isinstance(attr, dict):
        _missing()
    if action in ("edit", "delete") and items is None:
        _missing()
    return Body(attr if isinstance(attr, dict) else {}, items or [])


def _listed(given: Any) -> list[Any]:
    """A scalar is a list of one; of an object only the values count."""
    if isinstance(given, list):
        return given
    return list(given.values()) if isinstance(given, dict) else [] if given is None else [given]


def loads(text: str | bytes) -> Any:
    """JSON that can be stored and sent back: no NaN, no half characters, not nested without end."""
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(400, NO_JSON) from None
    return found
