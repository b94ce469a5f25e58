"""Values a new mailbox gets when they were not given: built-in, then the template's (addresses.md 9.2, 14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from opslib.fields import MIB
from opslib.plan import Row
from opslib.resources.mailboxes.record import BITS, NEW_BITS, PROTOCOLS
from opslib.resources.rules import Room
from opslib.schema import templates

BUILT_IN: Row = {
    "active": 1,
    "authsource": "mailcow",
    "force_pw_update": False,
    "force_tfa": False,
    "tls_enforce_in": False,
    "tls_enforce_out": False,
    "sogo_access": True,
    **{f"{protocol}_access": True for protocol in PROTOCOLS},
    "relayhost": "0",
    "rate_limit": "",
    "tagged_mail_handler": "none",
    "spam_score": "",
    "quarantine_notification": "hourly",
    "quarantine_category": "reject",
    "acl": NEW_BITS,
    "tags": (),
}

_SAME = (
    "active",
    "force_pw_update",
    "force_tfa",
    "tls_enforce_in",
    "tls_enforce_out",
    "sogo_access",
    *(f"{protocol}_access" for protocol in PROTOCOLS),
    "quarantine_notification",
    "quarantine_category",
    "tagged_mail_handler",
)


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


def quota_for(room: Room | None) -> int:
    """Bytes for a new mailbox without a quota of its own: the domain's default, or what is left of it."""
    if room is None:
        return 0
    return max(min(room.default_quota, room.max_quota, room.quota_left), MIB)
