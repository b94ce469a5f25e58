"""`domain/template` and `mailbox/template` (addresses.md 14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa

from opslib.api.envelope import Item
from opslib.api.wire import codec
from opslib.api.wire.category import Category
from opslib.api.wire.codec import ABSENT, In, Out
from opslib.ops import Ops
from opslib.plan import Outcome, Row
from opslib.resources.mailboxes.choices import BITS, PROTOCOLS
from opslib.schema import templates


def _raw(row: Row, _: Any) -> dict[str, Any]:
    return dict(row["attributes"] or {})


def _size(value: Any) -> Any:
    """MiB; 0 is not given: a domain limit of nothing becomes the default."""
    found = codec.as_mib(value)
    return ABSENT if found in ("0", ABSENT) else found


ROLES = ("admin",)


class Templates(Category):
    """What both kinds share: an edit changes what is given and keeps the rest."""

    log = ("mailbox", "")
    items = "ids"
    roles = ROLES
    removed_bare: ClassVar[bool] = False
    unknown = {"edit": ("template_id_invalid", False)}
    said = {
        ("field_needed", "template"): ("template_name_invalid", False),
        ("value_not_choice", "quarantine_category"): ("quarantine_category_invalid", False),
    }

    def also(self) -> dict[str, sa.ColumnElement[Any]]:
        return {"attributes": templates.c.attributes}

    def named(self, found: Mapping[str, Any], key: str) -> bool:
        return True

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        found = super().values(ops, inputs, attr, adding)
        if "rl_value" in attr:
            found["rate_limit"] = codec.rate_from(attr)
        return found

    def item(self, outcome: Outcome, action: str, log: list[Any]) -> Item:
        found = super().item(outcome, action, log)
        if found.key != "template_removed":
            return found
        return Item(found.status, found.key, () if self.removed_bare else (outcome.subject,), log)


def _outputs(kind: str) -> dict[str, Out]:
    return {
        "id": codec.number("id"),
        "template": codec.text("template"),
        "type": Out(lambda row, _: kind, {"const": kind}),
        "attributes": Out(_raw, {"type": "object"}, ("attributes",)),
        "created": codec.stamp("created"),
        "modified": codec.stamp("modified"),
    }


class DomainTemplates(Templates):
    name = "domain/template"
    resource = "domain_templates"
    singular = "domain template"
    log = ("mailbox", "domain_templates")
    outputs = _outputs("domain")
    added: dict[str, In] = {
        "template": codec.words("template"),
        "max_num_aliases_for_domain": codec.filled("max_num_aliases_for_domain"),
        "max_num_mboxes_for_domain": codec.filled("max_num_mboxes_for_domain"),
        **{
            name: In(name, _size, codec.SCALAR, "MiB")
            for name in ("def_quota_for_mbox", "max_quota_for_mbox", "max_quota_for_domain")
        },
        **{
            name: codec.flag(name)
            for name in ("active", "gal", "backupmx", "relay_all_recipients", "relay_unknown_only")
        },
        "dkim_selector": codec.words("dkim_selector"),
        "key_size": codec.filled("key_size"),
        "tags": codec.tagging(doc=""),
        **codec.RATED,
    }
    edited = {**added, "template": codec.filled("template")}


class MailboxTemplates(Templates):
    name = "mailbox/template"
    resource = "mailbox_templates"
    singular = "mailbox template"
    removed_bare = True
    log = ("mailbox", "mailbox_templates")
    outputs = _outputs("mailbox")
    added: dict[str, In] = {
        "template": codec.words("template"),
        "quota": codec.mib("quota", "MiB, 0 for the domain's default"),
        "active": codec.filled("active"),
        **{
            name: codec.flag(name)
            for name in (
                "force_pw_update",
                "force_tfa",
                "sogo_access",
                "tls_enforce_in",
                "tls_enforce_out",
                *(f"{protocol}_access" for protocol in PROTOCOLS),
            )
        },
        "quarantine_notification": codec.filled("quarantine_notification"),
        "quarantine_category": codec.filled("quarantine_category"),
        "tagged_mail_handler": codec.filled("tagged_mail_handler"),
        "acl": codec.many("acl", "rights of the owner"),
        "protocol_access": codec.many("", "imap, pop3, smtp, sieve, eas, dav: sets all six"),
        "tags": codec.tagging(doc=""),
        **codec.RATED,
    }
    edited = {**added, "template": codec.filled("template")}

    def values(self, ops: Ops, inputs: Mapping[str, In], attr: Mapping[str, Any], adding: bool) -> Row:
        found = super().values(ops, inputs, attr, adding)
        found |= codec.protocols_from(attr)
        if adding or "acl" in found:
            found["acl"] = tuple(bit for bit in found.get("acl", ()) if bit in BITS)
        return found
