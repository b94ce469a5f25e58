"""Quarantine, logs, and SOGo's own tables (operations.md 2.1, 6.2; access.md 2)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from opslib.schema.columns import JSON, NOW, created, flag, integer, key, long_text, serial, table, text

quarantine = table(
    "quarantine",
    serial(),
    text("qid", 30),
    text("subject", 500, nullable=True),
    sa.Column("score", sa.Float().with_variant(mysql.FLOAT(8, 2), "mysql", "mariadb"), nullable=True),
    text("ip", 50, nullable=True),
    sa.Column("action", sa.CHAR(20), nullable=False, server_default="unknown"),
    sa.Column("symbols", JSON, nullable=True),
    sa.Column("fuzzy_hashes", JSON, nullable=True),
    text("sender", server_default="unknown"),
    text("rcpt", nullable=True),
    long_text("msg"),
    text("domain", nullable=True),
    flag("notified", 0),
    created(),
    text("user", server_default="unknown"),
    text("qhash", 64, nullable=True),
    key("qhash", "qhash"),
)

logs = table(
    "logs",
    serial(),
    sa.Column("task", sa.CHAR(32), nullable=False, server_default="000000"),
    text("type", 32, nullable=True, server_default=""),
    sa.Column("msg", sa.Text, nullable=True),
    sa.Column("call", sa.Text, nullable=True),
    text("user", 64),
    text("role", 32),
    text("remote", 39),
    integer("time", None, 11, nullable=False),
)

sasl_log = table(
    "sasl_log",
    text("service", 32, primary_key=True, server_default=""),
    integer("app_password", nullable=True),
    text("username", primary_key=True),
    text("real_rip", 64, primary_key=True),
    sa.Column("datetime", sa.DateTime, nullable=False, server_default=NOW),
    key("username", "username"),
    key("service", "service"),
    key("datetime", "datetime"),
    key("real_rip", "real_rip"),
)

sogo_user_profile = table(
    "sogo_user_profile", text("c_uid", primary_key=True), long_text("c_defaults"), long_text("c_settings")
)

sogo_cache_folder = table(
    "sogo_cache_folder",
    text("c_uid", primary_key=True),
    text("c_path", primary_key=True),
    text("c_parent_path", nullable=True),
    integer("c_type", nullable=False),
    integer("c_creationdate", nullable=False),
    integer("c_lastmodified", nullable=False),
    integer("c_version", 0, nullable=False),
    integer("c_deleted", 0, nullable=False),
    long_text("c_content"),
)

sogo_acl = table(
    "sogo_acl",
    serial(),
    integer("c_folder_id", nullable=False),
    text("c_object"),
    text("c_uid"),
    text("c_role", 80),
    key("c_folder_id", "c_folder_id"),
    key("c_uid", "c_uid"),
)

sogo_folder_info = table(
    "sogo_folder_info",
    sa.Column("c_folder_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    text("c_path"),
    text("c_path1"),
    text("c_path2", nullable=True),
    text("c_path3", nullable=True),
    text("c_path4", nullable=True),
    text("c_foldername"),
    text("c_location", 2048, nullable=True),
    text("c_quick_location", 2048, nullable=True),
    text("c_acl_location", 2048, nullable=True),
    text("c_folder_type"),
)


def _by_folder(name: str, *more: sa.Column[str]) -> sa.Table:
    folder = integer("c_folder_id", nullable=False, primary_key=True, autoincrement=False)
    return table(name, folder, text("c_name", primary_key=True), *more)


sogo_store = _by_folder("sogo_store", long_text("c_content"))
sogo_quick_contact = _by_folder("sogo_quick_contact", text("c_mail", nullable=True))
sogo_quick_appointment = _by_folder("sogo_quick_appointment", text("c_title", nullable=True))
