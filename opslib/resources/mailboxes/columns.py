"""Computed columns of a mailbox: correlated over indexed columns, evaluated for the rows of one page."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from opslib.fields import json_text
from opslib.resources import tags
from opslib.resources.mailboxes.choices import BITS
from opslib.schema import alias, domain, mailbox, ops_alias_target, quota2, sasl_log, tags_mailbox, user_acl


def _one(query: sa.Select[Any]) -> sa.ColumnElement[Any]:
    return query.correlate(mailbox).scalar_subquery()


def last_login(*services: str) -> sa.ColumnElement[Any]:
    """Newest sign-in by one of the services.  SQLite would take the index on `service`, which holds everybody's."""
    mine = (sasl_log.c.username == mailbox.c.username, (sasl_log.c.service + "").in_(services))
    return _one(sa.select(sa.func.max(sasl_log.c.datetime)).where(*mine))


used = _one(sa.select(quota2.c.bytes).where(quota2.c.username == mailbox.c.username))
messages = _one(sa.select(quota2.c.messages).where(quota2.c.username == mailbox.c.username))
percent = sa.case((mailbox.c.quota > 0, sa.func.round(sa.func.coalesce(used, 0) * 100.0 / mailbox.c.quota, 1)))
relayed = _one(sa.select(domain.c.backupmx).where(domain.c.domain == mailbox.c.domain))
password_changed = sa.func.nullif(json_text(mailbox.c.attributes, "passwd_update"), "0")  # "0" is: nobody knows
tagged = tags.joined(tags_mailbox, tags_mailbox.c.username, mailbox.c.username)

aliases = _one(
    sa.select(sa.func.count())
    .select_from(alias.join(ops_alias_target, ops_alias_target.c.alias_id == alias.c.id))
    .where(ops_alias_target.c.target == mailbox.c.username, alias.c.address != mailbox.c.username)
)

_set: sa.ColumnElement[str] = sa.literal("", sa.String)
for _bit in BITS:
    _set = _set + sa.case((user_acl.c[_bit] == 1, _bit + "\n"), else_="")
bits = _one(sa.select(_set).where(user_acl.c.username == mailbox.c.username))
