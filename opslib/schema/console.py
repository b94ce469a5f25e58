"""mailops' own tables.  They live beside the contract's, start with `ops_`, and hold nothing the daemons read."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from opslib.schema.columns import table

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_NAME = sa.String(255).with_variant(sa.String(255, collation="NOCASE"), "sqlite")

ops_change = table(
    "ops_change",
    sa.Column("id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("actor", _NAME, nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("via", sa.String(32), nullable=False),
    sa.Column("resource", sa.String(64), nullable=False),
    sa.Column("verb", sa.String(64), nullable=False),
    sa.Column("label", sa.String(255), nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("note", _TEXT, comment="why, in the actor's words"),
    sa.Column("domains", _TEXT, nullable=False, comment="JSON list of the domains touched"),
    sa.Column("derived", _TEXT, nullable=False, comment="JSON: what an undo must derive again"),
    sa.Column("guards", _TEXT, nullable=False, comment="JSON: what must hold for an undo"),
    sa.Column("final", _TEXT, nullable=False, comment="JSON list of what an undo cannot bring back"),
    sa.Column("undoes", _BIG, nullable=True),
    sa.Column("undone_by", _BIG, nullable=True),
    sa.Index("ops_change_resource", "resource", "id"),
    sa.Index("ops_change_actor", "actor", "id"),
)

ops_change_row = table(
    "ops_change_row",
    sa.Column("change_id", _BIG, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("subject", _NAME, nullable=False),
    sa.Column("tbl", sa.String(64), nullable=False),
    sa.Column("row_key", _TEXT, nullable=False),
    sa.Column("before_image", _TEXT, nullable=True),
    sa.Column("after_image", _TEXT, nullable=True),
    sa.Index("ops_change_row_subject", "subject"),
)

ops_outbox = table(
    "ops_outbox",
    sa.Column("id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("change_id", _BIG, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False, comment="keyvalue, host or task"),
    sa.Column("verb", sa.String(64), nullable=False),
    sa.Column("args", _TEXT, nullable=False),
    sa.Column("undo", _TEXT, nullable=True),
    sa.Column("label", sa.String(255), nullable=False),
    sa.Column("subject", _NAME, nullable=False, server_default=""),
    sa.Column("state", sa.String(16), nullable=False, comment="pending, running, done, failed, given_up"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due", sa.DateTime, nullable=False, comment="UTC; not tried before"),
    sa.Column("claimed", sa.DateTime, nullable=True, comment="UTC; when a process took it"),
    sa.Column("finished", sa.DateTime, nullable=True, comment="UTC"),
    sa.Column("problem", _TEXT, nullable=True),
    sa.Index("ops_outbox_state", "state", "due"),
    sa.Index("ops_outbox_change", "change_id"),
)

ops_session = table(
    "ops_session",
    sa.Column("digest", sa.String(64), primary_key=True, comment="SHA-256 of the cookie's token"),
    sa.Column("username", _NAME, nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("remote", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(255), nullable=False),
    sa.Column("created", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("seen", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("pending", sa.String(32), nullable=False, server_default="", comment="what must be done first: password"),
    sa.Index("ops_session_username", "username"),
)

ops_login_failure = table(
    "ops_login_failure",
    sa.Column("id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("username", _NAME, nullable=False),
    sa.Column("remote", sa.String(64), nullable=False),
    sa.Index("ops_login_failure_username", "username", "at"),
    sa.Index("ops_login_failure_remote", "remote", "at"),
)

ops_api_key = table(
    "ops_api_key",
    sa.Column("label", _NAME, primary_key=True, comment="what people call the key"),
    sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the key"),
    sa.Column("read_only", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("resources", _TEXT, nullable=False, comment="names, one a line; none = all"),
    sa.Column("domains", _TEXT, nullable=False, comment="names, one a line; none = all"),
    sa.Column("verbs", _TEXT, nullable=False, comment="get, add, edit, delete, one a line; none = all"),
    sa.Column("active", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("created", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("created_by", _NAME, nullable=False),
    sa.Column("expires", sa.DateTime, nullable=True, comment="UTC"),
    sa.Column("used", sa.DateTime, nullable=True, comment="UTC, to the minute"),
    sa.Column("used_from", sa.String(64), nullable=True),
    sa.Index("ops_api_key_digest", "digest", unique=True),
)

ops_alias_target = table(
    "ops_alias_target",
    sa.Column("target", _NAME, primary_key=True),
    sa.Column("alias_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Index("ops_alias_target_alias", "alias_id"),
)

ops_state = table(
    "ops_state",
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", _TEXT, nullable=False),
)

ops_view = table(
    "ops_view",
    sa.Column("username", _NAME, primary_key=True),
    sa.Column("name", sa.String(128), primary_key=True, comment="what is remembered: columns of a grid, theme"),
    sa.Column("value", _TEXT, nullable=False),
)

ops_import = table(
    "ops_import",
    sa.Column("id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime, nullable=False, comment="UTC; when it was begun"),
    sa.Column("actor", _NAME, nullable=False),
    sa.Column("resource", sa.String(64), nullable=False),
    sa.Column("file", sa.String(255), nullable=False, comment="name of the file"),
    sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the file and of how it is read"),
    sa.Column("total", sa.Integer, nullable=False, comment="rows of the file"),
    sa.Column("done", sa.Integer, nullable=False, comment="rows from the top that are settled"),
    sa.Column("state", sa.String(16), nullable=False, comment="running, done, cancelled, failed"),
    sa.Index("ops_import_digest", "digest"),
)
