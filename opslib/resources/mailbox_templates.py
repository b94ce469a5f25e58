"""Templates for new mailboxes (addresses.md 14)."""

from __future__ import annotations

from typing import Any

from opslib.fields import Bits, Bytes, Choice, Field, Flag, Integer, Moment, Text
from opslib.plan import Row
from opslib.record import Record
from opslib.resource import Draft
from opslib.resources import tags as tagging
from opslib.resources.mailboxes.choices import ACTIVE, BITS, CATEGORY, NEW_BITS, NOTIFICATION, TAGGED
from opslib.resources.templates import TemplateRate, Templates, TemplateTags, attribute, number
from opslib.schema import templates


class TemplateBits(Bits):
    """Rights of a mailbox owner, each kept as an attribute `acl_<name>`."""

    def load(self, stored: Any) -> Any:
        given = stored or {}
        return tuple(bit for bit in self.choices if str(given.get(f"acl_{bit}", 0)) == "1")


def _flag(name: str, default: bool, label: str, doc: str, group: str) -> Flag:
    return Flag(
        default,
        label=label,
        doc=doc,
        sql=number(name),
        column=None,
        missing=default,
        grid=True,
        group=group,
        width=80,
    )


class MailboxTemplate(Record):
    """Values for new mailboxes; sizes in bytes."""

    id = Integer(label="Id", doc="Number of the template.", on_add=False, on_edit=False, grid=True, width=60)
    template = Text(
        label="Name", doc="Name of the template.", grid=True, search=True, length=255, bulk=False, group="Template",
        width=180,
    )  # fmt: skip
    quota = Bytes(
        0, label="Quota", doc="Space of a new mailbox; 0 for the domain's default.", sql=number("quota"), column=None,
        missing=0, bounds=(0, None), grid=True, group="Template", width=110,
    )  # fmt: skip
    tls_enforce_in = _flag("tls_enforce_in", False, "TLS in", "Refuse incoming mail without TLS.", "Mail")
    tls_enforce_out = _flag("tls_enforce_out", False, "TLS out", "Send only with TLS.", "Mail")
    smtp_access = _flag("smtp_access", True, "SMTP", "May send by SMTP.", "Protocols")
    imap_access = _flag("imap_access", True, "IMAP", "May use IMAP.", "Protocols")
    pop3_access = _flag("pop3_access", True, "POP3", "May use POP3.", "Protocols")
    sieve_access = _flag("sieve_access", True, "Sieve", "May edit filters by ManageSieve.", "Protocols")
    eas_access = _flag("eas_access", True, "ActiveSync", "May use ActiveSync.", "Protocols")
    dav_access = _flag("dav_access", True, "CalDAV/CardDAV", "May use CalDAV and CardDAV.", "Protocols")
    sogo_access = _flag("sogo_access", True, "SOGo", "May use the web mailer.", "Protocols")
    quarantine_notification = Choice(
        "hourly", label="Quarantine mails", doc="How often the owner is told of quarantined mail.", choices=NOTIFICATION,
        sql=attribute("quarantine_notification"), column=None, missing="hourly", grid=True, group="Quarantine",
    )  # fmt: skip
    quarantine_category = Choice(
        "reject", label="Quarantine category", doc="Which mail the notification lists.", choices=CATEGORY,
        sql=attribute("quarantine_category"), column=None, missing="reject", grid=True, group="Quarantine",
    )  # fmt: skip
    force_pw_update = _flag("force_pw_update", False, "Must change password", "At the next web sign-in.", "Sign-in")
    force_tfa = _flag("force_tfa", False, "Must use a second factor", "At the next web sign-in.", "Sign-in")
    rate_limit = TemplateRate(
        "", label="Rate limit", doc="Most messages sent per time frame, like 10/h; empty for the domain's limit.",
        sql=templates.c.attributes, column=None, missing="", sortable=False, filterable=False, grid=True, group="Mail",
    )  # fmt: skip
    tagged_mail_handler = Choice(
        "none", label="Tagged mail", doc="What happens to mail for name+tag@…", choices=TAGGED,
        sql=attribute("tagged_mail_handler"), column=None, missing="none", group="Mail",
    )  # fmt: skip
    tags = TemplateTags(
        (), label="Tags", doc="Tags of a new mailbox.", sql=templates.c.attributes, column=None, missing=(), length=255,
        sortable=False, filterable=False, grid=True, group="Template",
    )  # fmt: skip
    active = Choice(
        1, label="Active", doc="State of a new mailbox.", choices=ACTIVE, sql=number("active"), column=None, missing=1,
        grid=True, group="Template", width=110,
    )  # fmt: skip
    acl = TemplateBits(
        NEW_BITS, label="User rights", doc="What the owner may change himself.", choices=BITS, sql=templates.c.attributes,
        column=None, missing=(), sortable=False, filterable=False, group="Rights",
    )  # fmt: skip
    created = Moment(label="Created", doc="When the template was added.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When the template was last changed.", on_add=False, on_edit=False)


class MailboxTemplates(Templates):
    """Values that a new mailbox gets when they are not given."""

    name = "mailbox_templates"
    label = "Mailbox templates"
    singular = "mailbox template"
    doc = "Values that a new mailbox gets when they are not given."
    record = MailboxTemplate
    kind = "mailbox"

    def check_values(self, draft: Draft) -> None:
        if "tags" in draft.values:
            draft.values["tags"] = tagging.unique(draft.values["tags"])

    def stored_attribute(self, field: Field, value: Any) -> Row:
        if field.name == "acl":
            return {f"acl_{bit}": int(bit in value) for bit in BITS}
        return super().stored_attribute(field, value)
