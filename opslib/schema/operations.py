"""Quarantine, logs, and SOGo's own tables (operations.md 2.1, 6.2; access.md 2)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from opslib.schema.columns import JSON, NOW, created, flag, integer, key, long_text, serial, table, text, tiny


def _medium_text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"), nullable=False)


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
    text("service", 32, server_default=""),
    integer("app_password", nullable=True),
    text("username"),
    text("real_rip", 64),
    sa.Column("datetime", sa.DateTime, nullable=False, server_default=NOW),
    sa.PrimaryKeyConstraint("service", "real_rip", "username"),
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
    tiny("c_type", unsigned=True),
    integer("c_creationdate", nullable=False),
    integer("c_lastmodified", nullable=False),
    integer("c_version", 0, nullable=False),
    tiny("c_deleted", 0),
    long_text("c_content"),
)

sogo_acl = table(
    "sogo_acl",
    serial(),
    integer("c_folder_id", nullable=False),
    text("c_object"),
    text("c_uid"),
    text("c_role", 80),
    key("sogo_acl_c_folder_id_idx", "c_folder_id"),
    key("sogo_acl_c_uid_idx", "c_uid"),
)

sogo_folder_info = table(
    "sogo_folder_info",
    sa.Column(
        "c_folder_id", sa.BigInteger().with_variant(mysql.BIGINT(unsigned=True), "mysql", "mariadb"), nullable=False
    ),
    text("c_path", primary_key=True),
    text("c_path1"),
    *(text(f"c_path{part}", nullable=True) for part in (2, 3, 4)),
    text("c_foldername"),
    text("c_location", 2048, nullable=True),
    text("c_quick_location", 2048, nullable=True),
    text("c_acl_location", 2048, nullable=True),
    text("c_folder_type"),
    sa.UniqueConstraint("c_folder_id", name="c_folder_id"),
)


sogo_sessions_folder = table(
    "sogo_sessions_folder",
    text("c_id", primary_key=True),
    text("c_value", 4096),
    *(integer(name, nullable=False) for name in ("c_creationdate", "c_lastseen")),
)

sogo_alarms_folder = table(
    "sogo_alarms_folder",
    serial(),
    *(text(name) for name in ("c_path", "c_name", "c_uid")),
    integer("c_recurrence_id", nullable=True),
    *(integer(name, nullable=False) for name in ("c_alarm_number", "c_alarm_date")),
)

sogo_admin = table("sogo_admin", text("c_key", primary_key=True, server_default=""), _medium_text("c_content"))


def _by_folder(name: str, *more: sa.Column[Any]) -> sa.Table:
    folder = integer("c_folder_id", nullable=False, primary_key=True, autoincrement=False)
    return table(name, folder, text("c_name", primary_key=True), *more)


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [integer(name, nullable=True) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [text(name, nullable=True) for name in names]


sogo_store = _by_folder(
    "sogo_store",
    _medium_text("c_content"),
    *(integer(name, nullable=False) for name in ("c_creationdate", "c_lastmodified", "c_version")),
    integer("c_deleted", nullable=True),
)
sogo_quick_contact = _by_folder(
    "sogo_quick_contact",
    *_texts("c_givenname", "c_cn", "c_sn", "c_screenname", "c_l"),
    sa.Column("c_mail", sa.Text),
    text("c_o", 500, nullable=True),
    *_texts("c_ou", "c_telephonenumber", "c_categories"),
    text("c_component", 10),
    integer("c_hascertificate", 0, nullable=True),
)
sogo_quick_appointment = _by_folder(
    "sogo_quick_appointment",
    text("c_uid", 1000),
    *_numbers("c_startdate", "c_enddate", "c_cycleenddate"),
    text("c_title", 1000),
    sa.Column("c_participants", sa.Text),
    *_numbers("c_isallday", "c_iscycle"),
    sa.Column("c_cycleinfo", sa.Text),
    *(integer(name, nullable=False) for name in ("c_classification", "c_isopaque", "c_status")),
    *_numbers("c_priority"),
    *_texts("c_location", "c_orgmail"),
    sa.Column("c_partmails", sa.Text),
    sa.Column("c_partstates", sa.Text),
    *_texts("c_category"),
    *_numbers("c_sequence"),
    text("c_component", 10),
    *_numbers("c_nextalarm"),
    sa.Column("c_description", sa.Text),
)
