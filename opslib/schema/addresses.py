"""Domains, mailboxes, aliases and what belongs to them (addresses.md 2)."""

from __future__ import annotations

import sqlalchemy as sa

from opslib.schema.columns import (
    JSON,
    big,
    choice,
    created,
    flag,
    integer,
    key,
    long_text,
    mailbox_reference,
    modified,
    serial,
    table,
    text,
)

domain = table(
    "domain",
    text("domain", primary_key=True),
    text("description", nullable=True),
    integer("aliases", 0, 10, nullable=False),
    integer("mailboxes", 0, 10, nullable=False),
    big("defquota", 3072),
    big("maxquota", 102400),
    big("quota", 102400),
    text("relayhost", server_default="0"),
    flag("backupmx", 0),
    flag("gal", 1),
    flag("relay_all_recipients", 0),
    flag("relay_unknown_only", 0),
    created(),
    modified(),
    flag("active", 1),
)

domain_wide_footer = table(
    "domain_wide_footer",
    text("domain", primary_key=True),
    long_text("html"),
    long_text("plain"),
    sa.Column("mbox_exclude", JSON, nullable=False, server_default="[]"),
    sa.Column("alias_domain_exclude", JSON, nullable=False, server_default="[]"),
    flag("skip_replies", 0),
)

tags_domain = table(
    "tags_domain",
    text("tag_name"),
    text("domain"),
    sa.UniqueConstraint("tag_name", "domain", name="tag_name"),
    sa.ForeignKeyConstraint(
        ["domain"], ["domain.domain"], name="fk_tags_domain", ondelete="CASCADE", onupdate="NO ACTION"
    ),
)

tags_mailbox = table(
    "tags_mailbox",
    text("tag_name"),
    text("username"),
    sa.UniqueConstraint("tag_name", "username", name="tag_name"),
    mailbox_reference("username", "fk_tags_mailbox"),
)

mta_sts = table(
    "mta_sts",
    big("id"),
    text("domain", primary_key=True),
    text("version"),
    text("mode"),
    text("mx"),
    text("max_age"),
    flag("active", 1),
)

alias_domain = table(
    "alias_domain",
    text("alias_domain", primary_key=True),
    text("target_domain"),
    created(),
    modified(),
    flag("active", 1),
    key("active", "active"),
    key("target_domain", "target_domain"),
)

mailbox = table(
    "mailbox",
    text("username", primary_key=True),
    text("password"),
    text("name", nullable=True),
    text("description", nullable=True),
    text("mailbox_path_prefix", 150, nullable=True, server_default="/var/vmail/"),
    big("quota", 102400),
    text("local_part"),
    text("domain"),
    sa.Column("attributes", JSON, nullable=True),
    sa.Column("custom_attributes", JSON, nullable=False, server_default="{}"),
    text("kind", 100, server_default=""),
    integer("multiple_bookings", -1, nullable=False),
    choice("authsource", "mailcow", "keycloak", "generic-oidc", "ldap", nullable=True, server_default="mailcow"),
    created(),
    modified(),
    flag("active", 1),
    key("domain", "domain"),
    key("kind", "kind"),
)

USER_BITS = {
    "spam_alias": 1,
    "tls_policy": 1,
    "spam_score": 1,
    "spam_policy": 1,
    "delimiter_action": 1,
    "syncjobs": 0,
    "eas_reset": 1,
    "sogo_profile_reset": 0,
    "pushover": 1,
    "quarantine": 1,
    "quarantine_attachments": 1,
    "quarantine_notification": 1,
    "quarantine_category": 1,
    "app_passwds": 1,
    "pw_reset": 1,
}

user_acl = table(
    "user_acl",
    text("username", primary_key=True),
    *(flag(bit, default) for bit, default in USER_BITS.items()),
    mailbox_reference("username", "fk_username"),
)


def _usage(name: str) -> sa.Table:
    return table(name, text("username", primary_key=True), big("bytes", 0), big("messages", 0))


quota2 = _usage("quota2")
quota2replica = _usage("quota2replica")

alias = table(
    "alias",
    serial(),
    text("address"),
    sa.Column("goto", sa.Text, nullable=False),
    text("domain"),
    created(),
    modified(),
    sa.Column("private_comment", sa.Text, nullable=True),
    sa.Column("public_comment", sa.Text, nullable=True),
    flag("sogo_visible", 1),
    flag("internal", 0),
    flag("sender_allowed", 1),
    flag("active", 1),
    sa.UniqueConstraint("address", name="address"),
    key("domain", "domain"),
)

sender_acl = table("sender_acl", serial(), text("logged_in_as"), text("send_as"), flag("external", 0))

spamalias = table(
    "spamalias",
    text("address", primary_key=True),
    sa.Column("goto", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    created(),
    modified(),
    integer("validity", None, 11, nullable=True),
    flag("permanent", 0),
)

filterconf = table(
    "filterconf",
    text("object", server_default=""),
    text("option", 50, server_default=""),
    text("value", 100, server_default=""),
    created(),
    modified(),
    serial("prefid"),
    key("object", "object"),
)

app_passwd = table(
    "app_passwd",
    serial(),
    text("name"),
    text("mailbox"),
    text("domain"),
    text("password"),
    created(),
    modified(),
    *(flag(f"{protocol}_access", 1) for protocol in ("imap", "smtp", "dav", "eas", "pop3", "sieve")),
    flag("active", 1),
    key("mailbox", "mailbox"),
    key("password", "password"),
    key("domain", "domain"),
    mailbox_reference("mailbox", "fk_username_app_passwd"),
)

pushover = table(
    "pushover",
    text("username", primary_key=True),
    text("key"),
    text("token"),
    sa.Column("attributes", JSON, nullable=True),
    sa.Column("title", sa.Text, nullable=True),
    sa.Column("text", sa.Text, nullable=True),
    sa.Column("senders", sa.Text, nullable=True),
    sa.Column("senders_regex", sa.Text, nullable=True),
    flag("active", 1),
)

templates = table(
    "templates",
    serial(),
    text("template"),
    text("type"),
    sa.Column("attributes", JSON, nullable=True),
    created(),
    modified(),
)

_sogo_static_view = table(
    "_sogo_static_view",
    text("c_uid", primary_key=True),
    text("domain"),
    text("c_name"),
    text("c_password", server_default=""),
    *(text(name, nullable=True) for name in ("c_cn", "c_l", "c_o", "c_ou", "c_telephonenumber")),
    text("mail"),
    sa.Column("aliases", sa.Text, nullable=False),
    text("ad_aliases", 6144, server_default=""),
    text("ext_acl", 6144, server_default=""),
    text("kind", 100, server_default=""),
    integer("multiple_bookings", -1, nullable=False),
    key("domain", "domain"),
)
