"""Accounts, rights, second factors, keys and tokens (access.md 2)."""

from __future__ import annotations

import sqlalchemy as sa

from opslib.schema.columns import JSON, NOW, choice, created, flag, integer, key, modified, serial, table, text

admin = table(
    "admin",
    text("username", primary_key=True),
    text("password"),
    flag("superadmin", 0),
    created(),
    modified(),
    flag("active", 1),
    sa.Column("attributes", JSON, nullable=True),
)

domain_admins = table(
    "domain_admins",
    serial(),
    text("username"),
    text("domain"),
    created(),
    flag("active", 1),
    key("username", "username"),
)

ADMIN_BITS = {
    "syncjobs": 1,
    "quarantine": 1,
    "login_as": 1,
    "sogo_access": 1,
    "app_passwds": 1,
    "bcc_maps": 1,
    "pushover": 0,
    "filters": 1,
    "ratelimit": 1,
    "spam_policy": 1,
    "extend_sender_acl": 0,
    "unlimited_quota": 0,
    "protocol_access": 1,
    "smtp_ip_access": 1,
    "alias_domains": 0,
    "mailbox_relayhost": 1,
    "domain_relayhost": 1,
    "domain_desc": 0,
}

da_acl = table(
    "da_acl", text("username", primary_key=True), *(flag(bit, default) for bit, default in ADMIN_BITS.items())
)


def _tokens(name: str) -> sa.Table:
    moment = sa.Column("created", sa.DateTime, nullable=False, server_default=NOW, primary_key=True)
    return table(name, text("username"), text("token", primary_key=True), moment)


da_sso = _tokens("da_sso")
reset_password = _tokens("reset_password")

tfa = table(
    "tfa",
    serial(),
    text("key_id"),
    text("username"),
    choice("authmech", "yubi_otp", "u2f", "hotp", "totp", "webauthn", nullable=True),
    text("secret", nullable=True),
    text("keyHandle", 1023, nullable=True),
    text("publicKey", 4096, nullable=True),
    integer("counter", 0, nullable=False),
    sa.Column("certificate", sa.Text, nullable=True),
    flag("active", 0),
)

fido2 = table(
    "fido2",
    text("username"),
    text("friendlyName", nullable=True),
    text("rpId"),
    sa.Column("credentialPublicKey", sa.Text, nullable=False),
    sa.Column("certificateChain", sa.Text, nullable=True),
    sa.Column("certificate", sa.Text, nullable=True),
    text("certificateIssuer", nullable=True),
    text("certificateSubject", nullable=True),
    integer("signatureCounter", nullable=True),
    sa.Column("AAGUID", sa.LargeBinary, nullable=True),
    sa.Column("credentialId", sa.LargeBinary, nullable=False),
    created(),
    modified(),
    flag("active", 1),
)

api = table(
    "api",
    text("api_key", primary_key=True),
    text("allow_from", 512),
    flag("skip_ip_check", 0),
    created(),
    modified(),
    choice("access", "ro", "rw", nullable=False, server_default="rw"),
    flag("active", 1),
)

identity_provider = table(
    "identity_provider",
    text("key", primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    created(),
    modified(),
)

oauth_clients = table(
    "oauth_clients",
    sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
    text("client_id", 80, primary_key=True),
    text("client_secret", 80, nullable=True),
    text("redirect_uri", 2000, nullable=True),
    text("grant_types", 80, nullable=True),
    text("scope", 4000, nullable=True),
    text("user_id", 80, nullable=True),
    sa.UniqueConstraint("id", name="id"),
)


def _oauth(name: str, token: str, *redirect: sa.Column[str], id_token: bool = False) -> sa.Table:
    return table(
        name,
        text(token, 40, primary_key=True),
        text("client_id", 80),
        text("user_id", 80, nullable=True),
        *redirect,
        sa.Column("expires", sa.TIMESTAMP, nullable=False),
        text("scope", 4000, nullable=True),
        *([text("id_token", 1000, nullable=True)] if id_token else []),
    )


oauth_access_tokens = _oauth("oauth_access_tokens", "access_token")
oauth_refresh_tokens = _oauth("oauth_refresh_tokens", "refresh_token")
oauth_authorization_codes = _oauth(
    "oauth_authorization_codes", "authorization_code", text("redirect_uri", 2000, nullable=True), id_token=True
)
