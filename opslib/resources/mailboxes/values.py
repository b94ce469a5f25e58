"""Values a new mailbox gets when they were not given: built-in, then the template's (addresses.md 9.2, 14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from opslib.fields import MIB, Bytes, Choice, Field, Flag
from opslib.plan import Row
from opslib.resources.mailboxes.choices import BITS, LOCAL, NEW_BITS, PROTOCOLS
from opslib.resources.rules import Room
from opslib.schema import templates

FLAGS = (
    "force_pw_update",
    "force_tfa",
    "tls_enforce_in",
    "tls_enforce_out",
    "sogo_access",
    *(f"{protocol}_access" for protocol in PROTOCOLS),
)

BUILT_IN: Row = {
    "active": 1,
    "authsource": LOCAL,
    **dict.fromkeys(FLAGS[:4], False),
    **dict.fromkeys(FLAGS[4:], True),
    "relayhost": "0",
    "rate_limit": "",
    "tagged_mail_handler": "none",
    "spam_score": "",
    "quarantine_notification": "hourly",
    "quarantine_category": "reject",
    "acl": NEW_BITS,
    "tags": (),
}

_SAME = ("active", *FLAGS, "quarantine_notification", "quarantine_category", "tagged_mail_handler")


def read_templates(connection: sa.Connection) -> dict[str, Row]:
    """Values of every mailbox template by id, in order of id."""
    query = sa.select(templates.c.id, templates.c.attributes).where(templates.c.type == "mailbox")
    rows = connection.execute(query.order_by(templates.c.id))
    return {str(key): values_of(attributes or {}) for key, attributes in rows}


def values_of(attributes: Mapping[str, Any]) -> Row:
    """Inside values of a template's JSON attributes; quota in bytes, 0 left out."""
    values: Row = {name: attributes[name] for name in _SAME if attributes.get(name) is not None}
    if attributes.get("quota"):
        values["quota"] = int(attributes["quota"])
    if attributes.get("rl_value"):
        values["rate_limit"] = f"{attributes['rl_value']}/{attributes.get('rl_frame') or 's'}"
    if attributes.get("tags"):
        values["tags"] = tuple(attributes["tags"])
    if any(name.startswith("acl_") for name in attributes):
        values["acl"] = tuple(bit for bit in BITS if str(attributes.get(f"acl_{bit}", 0)) == "1")
    return values


def given(values: Mapping[str, Any], fields: Mapping[str, Field]) -> Row:
    """What was really given: an empty cell for a choice, a switch or a size leaves it to the template."""
    return {name: value for name, value in values.items() if not _left_empty(value, fields.get(name))}


def _left_empty(value: Any, declared: Field | None) -> bool:
    if isinstance(value, str) and not value.strip():
        return isinstance(declared, Choice | Flag | Bytes)
    return value is None


def quota_for(room: Room, left: int) -> int:
    """Bytes for a new mailbox without a quota of its own: the domain's default, or what is left of it."""
    return max(min(room.default_quota, room.max_quota, left), MIB)
