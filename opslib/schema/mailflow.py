"""What decides where mail goes (mailflow.md)."""

from __future__ import annotations

import sqlalchemy as sa

from opslib.schema.columns import (
    choice,
    created,
    flag,
    key,
    long_text,
    mailbox_reference,
    modified,
    serial,
    small,
    table,
    text,
)

imapsync = table(
    "imapsync",
    serial(),
    text("user2"),
    text("host1"),
    choice("authmech1", "PLAIN", "LOGIN", "CRAM-MD5", nullable=True, server_default="PLAIN"),
    text("regextrans2", nullable=True, server_default=""),
    flag("authmd51", 0),
    text("domain2", server_default=""),
    text("subfolder2", server_default=""),
    text("user1"),
    text("password1"),
    text("exclude", 500, server_default=""),
    small("maxage", 0),
    small("mins_interval", 0, unsigned=True),
    text("maxbytespersecond", 50, server_default="0"),
    small("port1", unsigned=True),
    choice("enc1", "TLS", "SSL", "PLAIN", nullable=True, server_default="TLS"),
    flag("delete2duplicates", 1),
    flag("delete1", 0),
    flag("delete2", 0),
    flag("automap", 0),
    flag("skipcrossduplicates", 0),
    text("custom_params", 512, server_default=""),
    small("timeout1", 600),
    small("timeout2", 600),
    flag("subscribeall", 1),
    flag("dry", 0),
    flag("is_running", 0),
    long_text("returned_text"),
    sa.Column("last_run", sa.TIMESTAMP, nullable=True),
    flag("success", None, nullable=True, unsigned=True),
    text("exit_status", 50, nullable=True),
    created(),
    modified(),
    flag("active", 0),
)

sieve_filters = table(
    "sieve_filters",
    serial(),
    text("username"),
    text("script_desc"),
    choice("script_name", "active", "inactive", nullable=True),
    sa.Column("script_data", sa.Text, nullable=False),
    choice("filter_type", "postfilter", "prefilter", nullable=True),
    created(),
    modified(),
    key("username", "username"),
    key("script_desc", "script_desc"),
    mailbox_reference("username", "fk_username_sieve_filters"),
)

bcc_maps = table(
    "bcc_maps",
    serial(),
    text("local_dest"),
    text("bcc_dest"),
    text("domain"),
    choice("type", "sender", "rcpt", nullable=True),
    created(),
    modified(),
    flag("active", 0),
    key("local_dest", "local_dest"),
)

recipient_maps = table(
    "recipient_maps",
    serial(),
    text("old_dest"),
    text("new_dest"),
    created(),
    modified(),
    flag("active", 0),
    key("local_dest", "old_dest"),
)

tls_policy_override = table(
    "tls_policy_override",
    serial(),
    text("dest"),
    choice("policy", "none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify", "secure", nullable=False),
    text("parameters", nullable=True, server_default=""),
    created(),
    modified(),
    flag("active", 1),
    sa.UniqueConstraint("dest", name="dest"),
)

relayhosts = table(
    "relayhosts",
    serial(),
    text("hostname"),
    text("username"),
    text("password"),
    flag("active", 1),
    key("hostname", "hostname"),
)

transports = table(
    "transports",
    serial(),
    text("destination"),
    text("nexthop"),
    text("username", server_default=""),
    text("password", server_default=""),
    flag("is_mx_based", 0),
    flag("active", 1),
    key("destination", "destination"),
    key("nexthop", "nexthop"),
)

settingsmap = table(
    "settingsmap",
    serial(),
    text("desc"),
    long_text("content", nullable=False),
    created(),
    modified(),
    flag("active", 0),
)

forwarding_hosts = table("forwarding_hosts", text("host", primary_key=True), text("source"), flag("filter_spam", 0))

versions = table(
    "versions",
    text("application", primary_key=True),
    text("version", 100),
    created(),
)
