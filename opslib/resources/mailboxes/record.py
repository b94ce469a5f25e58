"""What a mailbox is (addresses.md 2.6, 2.7, 9)."""

from __future__ import annotations

from typing import Any

from opslib.fields import (
    Address,
    Bits,
    Bytes,
    Choice,
    Decimal,
    DomainName,
    Flag,
    Integer,
    Json,
    Lines,
    Moment,
    RateLimit,
    Secret,
    Tags,
    Text,
)
from opslib.record import Record
from opslib.resources import rate_limits
from opslib.resources.mailboxes import choices, columns, outside
from opslib.resources.owned import EVERYBODY
from opslib.resources.sender_acl import fetch_external, fetch_sender_acl

READ: dict[str, Any] = {"on_add": False, "on_edit": False}
OUTSIDE: dict[str, Any] = {"column": None, "sortable": False, "filterable": False}
OWN: dict[str, Any] = {"roles": EVERYBODY}  # the owner may write it too, with the ACL bit


def _flag(name: str, label: str, doc: str, group: str, missing: bool = False, **given: Any) -> Flag:
    """A switch kept in the attributes; `missing` is what readers take an absent key for."""
    return Flag(None, label=label, doc=doc, column=f"attributes.{name}", missing=missing, group=group, **given)


def _protocol(name: str, label: str, doc: str) -> Flag:
    return _flag(f"{name}_access", label, doc, "Protocols", True, acl="protocol_access")


class Mailbox(Record):
    """One mailbox.  Quota in bytes, 0 = unlimited."""

    username = Address(
        label="Username", doc="Full address; also the sign-in name.", length=255, grid=True, search=True, width=260,
        also=("email", "mail", "email address", "mail address", "address", "mailbox", "user", "login", "account"), **READ,
    )  # fmt: skip
    local_part = Text(
        label="Local part", doc="What stands before the @: lower-case letters, digits and . _ - only.", required=True,
        length=64, on_edit=False, filterable=False, sortable=False, csv=False, group="Mailbox",
    )  # fmt: skip
    domain = DomainName(
        label="Domain", doc="Domain of the address.", required=True, choices=choices.domains, on_edit=False, group="Mailbox",
        width=180,
    )  # fmt: skip
    full_name = Text(
        column="name", label="Full name", doc="Shown in address books; the local part when left empty.", length=255,
        also=("name", "display name", "real name", "common name"),
        search=True, group="Mailbox", width=180,
    )  # fmt: skip
    last_login = Moment(
        label="Last mail login", doc="Newest sign-in by IMAP, POP3 or SMTP.", grid=True, width=150,
        sql=lambda: columns.last_login("imap", "pop3", "smtp"), **READ,
    )  # fmt: skip
    messages = Integer(
        label="Message #", doc="Messages stored.", sql=columns.messages, missing=0, grid=True, width=100, **READ
    )
    quota_used = Bytes(label="Used", doc="Space used.", sql=columns.used, missing=0, grid=True, width=100, **READ)
    quota = Bytes(
        label="Quota", doc="Space the mailbox may use, 0 = unlimited. Without a unit MiB: 3072 or 3 GiB. Left empty in a "
        "new mailbox: the domain's default.", also=("mailbox quota", "storage", "quota limit"),
        bounds=(0, None), grid=True, group="Mailbox", width=100,
    )  # fmt: skip
    percent_in_use = Decimal(
        label="Use %", doc="Share of the quota in use; empty for unlimited mailboxes.", sql=columns.percent, grid=True,
        width=80, unit="%", **READ,
    )  # fmt: skip
    active = Choice(
        1, label="Active", doc="“receives only” keeps delivery but refuses sign-in and sending.", choices=choices.ACTIVE,
        grid=True, group="Mailbox", width=110,
    )  # fmt: skip
    password = Secret(
        label="Password", doc="Checked against the password policy; * makes one and shows it once. An administrator may "
        "give a {SCHEME} hash.", length=255, group="Mailbox", hashed="password",
        also=("pass", "passwd", "password hash", "hash", "crypt"),
    )  # fmt: skip
    authsource = Choice(
        choices.LOCAL, label="Signs in by", doc="Where the password is checked.", choices=choices.authsources,
        missing=choices.LOCAL, group="Sign-in",
    )  # fmt: skip
    template = Choice(
        None, label="Template", doc="Values for everything left empty; the first template when none is chosen.",
        choices=choices.mailbox_templates, on_edit=False, csv=False, group="Mailbox", sees=("admin", "domainadmin"), **OUTSIDE,
    )  # fmt: skip
    tags = Tags(
        label="Tags", doc="Words to find and group mailboxes by.", sql=columns.tagged, search=True, length=255,
        group="Mailbox", width=140,
    )  # fmt: skip
    aliases = Integer(
        label="Aliases", doc="Aliases that deliver here, alone or among others.", sql=columns.aliases, missing=0, width=80,
        **READ,
    )  # fmt: skip
    temporary_aliases = Integer(
        label="Temporary aliases", doc="Temporary aliases that deliver here now.", fetch=outside.temporary_aliases,
        missing=0, width=90, **READ, **OUTSIDE,
    )  # fmt: skip
    last_sso_login = Moment(
        label="Last web login", doc="Newest single sign-on.", sql=lambda: columns.last_login("SSO"), **READ
    )
    last_password_change = Moment(
        label="Password changed", doc="When the password was last set.", sql=columns.password_changed,
        column="attributes.passwd_update", **READ,
    )  # fmt: skip
    force_pw_update = _flag(
        "force_pw_update", "Must change password", "At the next web sign-in a new password must be chosen.", "Sign-in"
    )
    force_tfa = _flag(
        "force_tfa", "Must use a second factor", "At the next web sign-in a second factor must be set up.", "Sign-in"
    )
    imap_access = _protocol("imap", "IMAP", "May read mail by IMAP.")
    pop3_access = _protocol("pop3", "POP3", "May fetch mail by POP3.")
    smtp_access = _protocol("smtp", "SMTP", "May send mail by SMTP.")
    sieve_access = _protocol("sieve", "Sieve", "May edit filters by ManageSieve.")
    eas_access = _protocol("eas", "ActiveSync", "May synchronise phones by ActiveSync.")
    dav_access = _protocol("dav", "CalDAV/CardDAV", "May use calendars and address books by CalDAV and CardDAV.")
    sogo_access = _flag("sogo_access", "SOGo", "May use the web mailer.", "Protocols", True, acl="sogo_access")
    tls_enforce_in = _flag(
        "tls_enforce_in", "TLS in", "Refuse mail for this mailbox that comes without TLS.", "Mail", True, acl="tls_policy",
        **OWN,
    )  # fmt: skip
    tls_enforce_out = _flag(
        "tls_enforce_out", "TLS out", "Send only to servers that take TLS.", "Mail", True, acl="tls_policy", **OWN
    )
    relayhost = Choice(
        None, label="Sender-dependent transport", doc="Send through this host instead of the domain's.",
        column="attributes.relayhost", missing="0", choices=choices.transports, acl="mailbox_relayhost", group="Mail",
    )  # fmt: skip
    rate_limit = RateLimit(
        None, label="Rate limit", doc="Most messages sent per time frame, like 10/h; empty for the domain's limit.",
        fetch=rate_limits.fetch, missing="", acl="ratelimit", group="Mail", **OUTSIDE,
    )  # fmt: skip
    tagged_mail_handler = Choice(
        None, label="Tagged mail", doc="What happens to mail for name+tag@…", choices=choices.TAGGED,
        fetch=outside.tag_handlers, missing="none", acl="delimiter_action", group="Mail", **OUTSIDE, **OWN,
    )  # fmt: skip
    spam_score = Text(
        "", label="Spam score", doc="Score that marks and score that rejects, like 5,15; empty for the server's.",
        fetch=outside.spam_scores, missing="", acl="spam_score", group="Mail", **OUTSIDE, **OWN,
    )  # fmt: skip
    quarantine_notification = Choice(
        None, label="Quarantine mails", doc="How often the owner is told of quarantined mail.",
        choices=choices.NOTIFICATION, column="attributes.quarantine_notification", missing="never",
        acl="quarantine_notification", group="Quarantine", **OWN,
    )  # fmt: skip
    quarantine_category = Choice(
        None, label="Quarantine category", doc="Which mail the notification lists.", choices=choices.CATEGORY,
        column="attributes.quarantine_category", missing="reject", acl="quarantine_category", group="Quarantine", **OWN,
    )  # fmt: skip
    recovery_email = Address(
        None, label="Recovery address", doc="Where a link to set a new password may be sent.", length=255,
        column="attributes.recovery_email", missing="", on_add=False, group="Sign-in",
    )  # fmt: skip
    acl = Bits(
        None, label="User rights", doc="What the owner may change himself.", sql=columns.bits, choices=choices.BITS,
        missing=(), sortable=False, group="Rights",
    )  # fmt: skip
    sender_acl = Lines(
        None, label="May send as", doc="Addresses, @domains or * of this server, beside the own aliases.",
        fetch=fetch_sender_acl, missing=(), on_add=False, group="Rights", **OUTSIDE,
    )  # fmt: skip
    extended_sender_acl = Lines(
        None, label="May send as (external)", doc="Addresses or @domains of other servers.", fetch=fetch_external,
        missing=(), on_add=False, acl="extend_sender_acl", group="Rights", **OUTSIDE,
    )  # fmt: skip
    custom_attributes = Json(
        None, label="Custom attributes", doc="Names and values for footers, as a JSON object.", missing={}, on_add=False,
        sortable=False, filterable=False, bulk=False, group="Mail",
    )  # fmt: skip
    relayed = Flag(
        label="Relay domain",
        doc="The domain relays mail to another server.",
        sql=columns.relayed,
        missing=False,
        **READ,
    )
    created = Moment(label="Created", doc="When the mailbox was added.", **READ)
    modified = Moment(label="Changed", doc="When the mailbox was last changed.", **READ)
