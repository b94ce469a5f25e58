"""What a mailbox is (addresses.md 2.6, 2.7, 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

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
from opslib.resources.sender_acl import fetch_external, fetch_sender_acl
from opslib.resources.mailboxes import outside
from opslib.schema import (
    alias,
    domain,
    identity_provider,
    mailbox,
    ops_alias_target,
    quota2,
    relayhosts,
    sasl_log,
    spamalias,
    tags_mailbox,
    templates,
    user_acl,
)
from opslib.stores.database import read

if TYPE_CHECKING:
    from opslib.ops import Ops

ACTIVE = {1: "active", 2: "receives only", 0: "off"}
NOTIFICATION = {"never": "never", "hourly": "hourly", "daily": "daily", "weekly": "weekly"}
CATEGORY = {"reject": "rejected", "add_header": "junk folder", "all": "both"}
TAGGED = {"none": "nothing", "subject": "tag in the subject", "subfolder": "subfolder"}
AUTHSOURCES = {"mailcow": "local password", "keycloak": "Keycloak", "generic-oidc": "OIDC", "ldap": "LDAP"}
PROTOCOLS = ("imap", "pop3", "smtp", "sieve", "eas", "dav")
BITS = {
    "spam_alias": "temporary aliases",
    "tls_policy": "TLS policy",
    "spam_score": "spam score",
    "spam_policy": "allow and deny lists",
    "delimiter_action": "tagged mail",
    "syncjobs": "sync jobs",
    "eas_reset": "reset ActiveSync",
    "sogo_profile_reset": "reset SOGo profile",
    "pushover": "Pushover",
    "quarantine": "quarantine",
    "quarantine_attachments": "quarantined attachments",
    "quarantine_notification": "notification interval",
    "quarantine_category": "notification category",
    "app_passwds": "app passwords",
    "pw_reset": "recovery address",
}
NEW_BITS = tuple(bit for bit in BITS if bit not in {"syncjobs", "sogo_profile_reset", "pw_reset"})


# -- choices that are rows ------------------------------------------------------------------------------------------
def _domains(ops: Ops) -> dict[Any, str]:
    return {name: name for name in ops.resource("domains").keys(ops.every())}


def _relayhosts(ops: Ops) -> dict[Any, str]:
    with read(ops.site.engine) as connection:
        rows = connection.execute(sa.select(relayhosts.c.id, relayhosts.c.hostname, relayhosts.c.active))
        found = {str(key): name if active else f"{name} (off)" for key, name, active in rows}
    return {"0": "as the domain says", **found}


def _templates(ops: Ops) -> dict[Any, str]:
    query = (
        sa.select(templates.c.id, templates.c.template).where(templates.c.type == "mailbox").order_by(templates.c.id)
    )
    with read(ops.site.engine) as connection:
        return {str(key): name for key, name in connection.execute(query)}


def _authsources(ops: Ops) -> dict[Any, str]:
    query = sa.select(identity_provider.c.value).where(identity_provider.c.key == "authsource")
    with read(ops.site.engine) as connection:
        configured = connection.execute(query).scalar()
    return {name: label for name, label in AUTHSOURCES.items() if name in {"mailcow", configured}}


# -- computed columns: correlated, over indexed columns, evaluated for the rows of one page --------------------------
def _one(query: sa.Select[Any]) -> sa.ColumnElement[Any]:
    return query.correlate(mailbox).scalar_subquery()


_used = _one(sa.select(quota2.c.bytes).where(quota2.c.username == mailbox.c.username))
_messages = _one(sa.select(quota2.c.messages).where(quota2.c.username == mailbox.c.username))


def _last_login(*services: str) -> sa.ColumnElement[Any]:
    mine = (sasl_log.c.username == mailbox.c.username, sasl_log.c.service.in_(services))
    return _one(sa.select(sa.func.max(sasl_log.c.datetime)).where(*mine))


_pointing = alias.join(ops_alias_target, ops_alias_target.c.alias_id == alias.c.id)
_aliases = _one(
    sa.select(sa.func.count())
    .select_from(_pointing)
    .where(ops_alias_target.c.target == mailbox.c.username, alias.c.address != mailbox.c.username)
)
_temporary = _one(sa.select(sa.func.count()).select_from(spamalias).where(spamalias.c.goto == mailbox.c.username))
_tags = _one(
    sa.select(sa.func.aggregate_strings(tags_mailbox.c.tag_name, "\n")).where(
        tags_mailbox.c.username == mailbox.c.username
    )
)
_set_bits: sa.ColumnElement[str] = sa.literal("", sa.String)
for _bit in BITS:
    _set_bits = _set_bits + sa.case((user_acl.c[_bit] == 1, _bit + "\n"), else_="")
_bits = _one(sa.select(_set_bits).where(user_acl.c.username == mailbox.c.username))
_percent = sa.case((mailbox.c.quota > 0, sa.func.round(sa.func.coalesce(_used, 0) * 100.0 / mailbox.c.quota, 1)))


class Mailbox(Record):
    """One mailbox."""

    username = Address(
        label="Username",
        doc="Full address; also the sign-in name.",
        length=255,
        grid=True,
        search=True,
        on_add=False,
        on_edit=False,
        width=260,
    )
    local_part = Text(
        label="Local part",
        doc="What stands before the @; lower case, fixed once the mailbox is there.",
        required=True,
        length=64,
        on_edit=False,
        filterable=False,
        sortable=False,
        csv=False,
        group="Mailbox",
    )
    domain = DomainName(
        label="Domain",
        doc="Domain of the address.",
        required=True,
        choices=_domains,
        on_edit=False,
        group="Mailbox",
        width=180,
    )
    full_name = Text(
        column="name",
        label="Full name",
        doc="Shown in address books; the local part when left empty.",
        length=255,
        search=True,
        group="Mailbox",
        width=180,
    )
    last_login = Moment(
        label="Last mail login",
        doc="Newest sign-in by IMAP, POP3 or SMTP.",
        sql=lambda: _last_login("imap", "pop3", "smtp"),
        on_add=False,
        on_edit=False,
        grid=True,
        width=150,
    )
    messages = Integer(
        label="Message #",
        doc="Messages stored.",
        sql=_messages,
        missing=0,
        on_add=False,
        on_edit=False,
        grid=True,
        width=100,
    )
    quota_used = Bytes(
        label="Used",
        doc="Space used.",
        sql=_used,
        missing=0,
        on_add=False,
        on_edit=False,
        grid=True,
        width=100,
    )
    quota = Bytes(
        label="Quota",
        doc="Space the mailbox may use, 0 = unlimited. Without a unit MiB: 3072 or 3 GiB.",
        default=None,
        bounds=(0, None),
        grid=True,
        group="Mailbox",
        width=100,
    )
    percent_in_use = Decimal(
        label="Use %",
        doc="Share of the quota in use; empty for unlimited mailboxes.",
        sql=_percent,
        on_add=False,
        on_edit=False,
        grid=True,
        width=80,
        unit="%",
    )
    active = Choice(
        1,
        label="Active",
        doc="“receives only” keeps delivery but refuses sign-in and sending.",
        choices=ACTIVE,
        grid=True,
        group="Mailbox",
        width=110,
    )
    password = Secret(
        label="Password",
        doc="Checked against the password policy; an administrator may give a {SCHEME} hash.",
        length=255,
        group="Mailbox",
    )
    authsource = Choice(
        "mailcow",
        label="Signs in by",
        doc="Where the password is checked.",
        choices=_authsources,
        group="Sign-in",
    )
    template = Choice(
        None,
        label="Template",
        doc="Values for everything left empty; the first template when none is chosen.",
        choices=_templates,
        column=None,
        on_edit=False,
        filterable=False,
        sortable=False,
        csv=False,
        group="Mailbox",
        sees=("admin", "domainadmin"),
    )
    tags = Tags(
        label="Tags", doc="Words to find and group mailboxes by.", sql=_tags, search=True, group="Mailbox", width=140
    )
    aliases = Integer(
        label="Aliases",
        doc="Aliases that deliver here, among others.",
        sql=_aliases,
        missing=0,
        on_add=False,
        on_edit=False,
        width=80,
    )
    temporary_aliases = Integer(
        label="Temporary aliases",
        doc="Temporary aliases that deliver here.",
        fetch=outside.temporary_aliases,
        missing=0,
        on_add=False,
        on_edit=False,
        sortable=False,
        filterable=False,
        width=90,
    )
    last_sso_login = Moment(
        label="Last web login",
        doc="Newest single sign-on.",
        sql=lambda: _last_login("SSO"),
        on_add=False,
        on_edit=False,
    )
    last_password_change = Moment(
        label="Password changed",
        doc="When the password was last set.",
        column="attributes.passwd_update",
        on_add=False,
        on_edit=False,
    )
    force_pw_update = Flag(
        None,
        label="Must change password",
        doc="At the next web sign-in a new password must be chosen.",
        column="attributes.force_pw_update",
        missing=False,
        group="Sign-in",
    )
    force_tfa = Flag(
        None,
        label="Must use a second factor",
        doc="At the next web sign-in a second factor must be set up.",
        column="attributes.force_tfa",
        missing=False,
        group="Sign-in",
    )
    imap_access = Flag(
        None,
        label="IMAP",
        doc="May use IMAP.",
        column="attributes.imap_access",
        missing=True,
        acl="protocol_access",
        group="Protocols",
    )
    pop3_access = Flag(
        None,
        label="POP3",
        doc="May use POP3.",
        column="attributes.pop3_access",
        missing=True,
        acl="protocol_access",
        group="Protocols",
    )
    smtp_access = Flag(
        None,
        label="SMTP",
        doc="May send by SMTP.",
        column="attributes.smtp_access",
        missing=True,
        acl="protocol_access",
        group="Protocols",
    )
    sieve_access = Flag(
        None,
        label="Sieve",
        doc="May edit filters by ManageSieve.",
        column="attributes.sieve_access",
        missing=True,
        acl="protocol_access",
        group="Protocols",
    )
    eas_access = Flag(
        None,
        label="ActiveSync",
        doc="May use ActiveSync.",
        column="attributes.eas_access",
        missing=True,
        acl="protocol_access",
        group="Protocols",
    )
    dav_access = Flag(
        None,
        label="CalDAV/CardDAV",
        doc="May use CalDAV and CardDAV.",
        column="attributes.dav_access",
        missing=True,
        acl="protocol_access",
        group="Protocols",
    )
    sogo_access = Flag(
        None,
        label="SOGo",
        doc="May use the web mailer.",
        column="attributes.sogo_access",
        missing=True,
        acl="sogo_access",
        group="Protocols",
    )
    tls_enforce_in = Flag(
        None,
        label="TLS in",
        doc="Refuse mail for this mailbox that comes without TLS.",
        column="attributes.tls_enforce_in",
        missing=True,
        group="Mail",
    )
    tls_enforce_out = Flag(
        None,
        label="TLS out",
        doc="Send only with TLS.",
        column="attributes.tls_enforce_out",
        missing=True,
        group="Mail",
    )
    relayhost = Choice(
        None,
        label="Sender-dependent transport",
        doc="Send through this host instead of the domain's.",
        column="attributes.relayhost",
        missing="0",
        choices=_relayhosts,
        acl="mailbox_relayhost",
        group="Mail",
    )
    rate_limit = RateLimit(
        None,
        label="Rate limit",
        doc="Most messages sent per time frame, like 10/h; empty for the domain's limit.",
        fetch=outside.rate_limits,
        column=None,
        missing="",
        acl="ratelimit",
        sortable=False,
        filterable=False,
        group="Mail",
    )
    tagged_mail_handler = Choice(
        None,
        label="Tagged mail",
        doc="What happens to mail for name+tag@…",
        choices=TAGGED,
        fetch=outside.tag_handlers,
        column=None,
        missing="none",
        sortable=False,
        filterable=False,
        group="Mail",
    )
    spam_score = Text(
        "",
        label="Spam score",
        doc="Score that marks and score that rejects, like 5,15; empty for the server's.",
        fetch=outside.spam_scores,
        column=None,
        missing="",
        sortable=False,
        filterable=False,
        group="Mail",
    )
    quarantine_notification = Choice(
        None,
        label="Quarantine mails",
        doc="How often the owner is told of quarantined mail.",
        choices=NOTIFICATION,
        column="attributes.quarantine_notification",
        missing="never",
        group="Quarantine",
    )
    quarantine_category = Choice(
        None,
        label="Quarantine category",
        doc="Which mail the notification lists.",
        choices=CATEGORY,
        column="attributes.quarantine_category",
        missing="reject",
        group="Quarantine",
    )
    recovery_email = Address(
        None,
        label="Recovery address",
        doc="Where a link to set a new password may be sent.",
        length=255,
        column="attributes.recovery_email",
        missing="",
        on_add=False,
        group="Sign-in",
    )
    acl = Bits(
        None,
        label="User rights",
        doc="What the owner may change himself.",
        sql=_bits,
        choices=BITS,
        missing=(),
        sortable=False,
        group="Rights",
    )
    sender_acl = Lines(
        None,
        label="May send as",
        doc="Addresses, @domains or * of this server, beside the own aliases.",
        fetch=fetch_sender_acl,
        column=None,
        missing=(),
        on_add=False,
        sortable=False,
        filterable=False,
        group="Rights",
    )
    extended_sender_acl = Lines(
        None,
        label="May send as (external)",
        doc="Addresses or @domains of other servers.",
        fetch=fetch_external,
        column=None,
        missing=(),
        on_add=False,
        sortable=False,
        filterable=False,
        acl="extend_sender_acl",
        group="Rights",
    )
    custom_attributes = Json(
        None,
        label="Custom attributes",
        doc="Names and values for footers, as a JSON object.",
        missing={},
        on_add=False,
        sortable=False,
        filterable=False,
        bulk=False,
        group="Mailbox",
    )
    relayed = Flag(
        None,
        label="Relay domain",
        doc="The domain relays mail to another server.",
        sql=lambda: _one(sa.select(domain.c.backupmx).where(domain.c.domain == mailbox.c.domain)),
        on_add=False,
        on_edit=False,
        missing=False,
    )
    created = Moment(label="Created", doc="When the mailbox was added.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When the mailbox was last changed.", on_add=False, on_edit=False)
