"""Before and after images as JSON text, without secrets."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from typing import Any

Row = dict[str, Any]

SECRETS: dict[str, frozenset[str]] = {
    "mailbox": frozenset({"password"}),
    "app_passwd": frozenset({"password"}),
    "admin": frozenset({"password"}),
    "relayhosts": frozenset({"password"}),
    "transports": frozenset({"password"}),
    "imapsync": frozenset({"password1"}),
    "tfa": frozenset({"secret", "keyHandle", "publicKey"}),
    "api": frozenset({"api_key"}),
    "ops_api_key": frozenset({"digest"}),
    "oauth_clients": frozenset({"client_secret"}),
    "identity_provider": frozenset({"value"}),
    "pushover": frozenset({"key", "token"}),
    "_sogo_static_view": frozenset({"c_password"}),
}

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
HIDDEN = {"$secret": True}
LOCKED = "{CRYPT}*"  # a stored password that no password matches


def encode(table: str, image: Row | None) -> str | None:
    """JSON text of an image; secret columns say only that they were there."""
    if image is None:
        return None
    secret = SECRETS.get(table, frozenset())
    plain = {name: HIDDEN if name in secret else _wrap(value) for name, value in image.items()}
    return _ENCODER.encode(plain)


def decode(text: str | None) -> Row | None:
    """The image of `encode`; secrets come back as `HIDDEN`."""
    if text is None:
        return None
    return {name: _unwrap(value) for name, value in json.loads(text).items()}


def _wrap(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return {"$at": value.isoformat()}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    return {"$document": value} if _marked(value) else value


def _unwrap(value: Any) -> Any:
    if not _marked(value):
        return value
    if "$at" in value:
        return datetime.fromisoformat(value["$at"])
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    return value.get("$document", value)


def _marked(value: Any) -> bool:
    """Whether a value is one of our marks, or a document that looks like one."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$")
