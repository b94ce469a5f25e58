"""Sessions of the console: an opaque token at the browser, its digest and limits in `ops_session` (access.md 5.5).

Role, active state and rights are read anew each time, so that a change bites at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from opslib.actor import Actor
from opslib.schema.console import ops_session
from opslib.signin.accounts import Identity, find
from opslib.signin.bits import effective
from opslib.site import Site
from opslib.stores.database import read, write

IDLE = timedelta(seconds=10800)
ABSOLUTE = timedelta(hours=12)
_TOUCH = timedelta(seconds=60)
_BYTES = 32
_AGENT = 255
_TOKEN_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is good.  While `pending` is not "", nothing but what it names and signing out is allowed."""

    digest: str
    actor: Actor
    pending: str
    created: datetime


def open_session(site: Site, identity: Identity, remote: str, agent: str, replaces: str = "") -> str:
    """A new session; gives its token, which is stored nowhere.  `replaces` is the token the browser came with."""
    token, now = site.token(_BYTES), site.now()
    row = {
        "digest": digest(token),
        "username": identity.name,
        "role": identity.role,
        "remote": remote[:64],
        "agent": agent[:_AGENT],
        "created": now,
        "seen": now,
        "pending": identity.pending,
    }
    with write(site.engine) as connection:
        dead = sa.or_(ops_session.c.seen <= now - IDLE, ops_session.c.created <= now - ABSOLUTE)
        connection.execute(ops_session.delete().where(sa.or_(dead, ops_session.c.digest == digest(replaces))))
        connection.execute(ops_session.insert().values(row))
    return token


def session(site: Site, token: str, agent: str) -> Session | None:
    """The session of a token, None when there is none, it is over, or another browser holds it."""
    return by_digest(site, digest(token), agent) if 0 < len(token) <= _TOKEN_LONGEST else None


def by_digest(site: Site, key: str, agent: str | None = None, touch: bool = True) -> Session | None:
    """As `session`, for whoever kept only the digest; without `agent` the browser is not compared.

    `touch` counts as use: without it an open page that nobody uses does not keep the session from ending.
    """
    with read(site.engine) as connection:
        row = connection.execute(sa.select(ops_session).where(ops_session.c.digest == key)).mappings().first()
        now = site.now()
        if row is None or not _good(row, now) or (agent is not None and row["agent"] != agent[:_AGENT]):
            return None
        actor = _actor(connection, row)
    if actor is None:
        return None
    if touch and now - row["seen"] > _TOUCH:
        with write(site.engine) as connection:
            connection.execute(ops_session.update().where(ops_session.c.digest == key).values(seen=now))
    return Session(key, actor, row["pending"], row["created"])


def session_actor(site: Site, token: str, agent: str) -> Actor | None:
    """Who acts with this token; None for no session and for one where something is pending."""
    found = session(site, token, agent)
    return found.actor if found and not found.pending else None


def _good(row: Any, now: datetime) -> bool:
    return bool(now - row["seen"] < IDLE and now - row["created"] < ABSOLUTE)


def _actor(connection: sa.Connection, row: Any) -> Actor | None:
    """The account as it is now; None when it is gone, switched off or has another role."""
    account = next(iter(find(connection, row["username"], (row["role"],))), None)
    if account is None or not account.active:
        return None
    return Actor(account.name, account.role, effective(connection, account.name, account.role), "console")


def end_session(site: Site, token: str) -> None:
    """End the session of a token, if there is one."""
    end_session_by(site, digest(token))


def end_session_by(site: Site, key: str) -> None:
    """End the session with this digest."""
    with write(site.engine) as connection:
        connection.execute(ops_session.delete().where(ops_session.c.digest == key))


def end_sessions_of(site: Site, username: str, but: str = "") -> list[str]:
    """End all sessions of an account except the one with digest `but`; gives the digests of those ended."""
    mine = sa.and_(ops_session.c.username == username, ops_session.c.digest != but)
    with write(site.engine) as connection:
        ended = list(connection.execute(sa.select(ops_session.c.digest).where(mine)).scalars())
        connection.execute(ops_session.delete().where(mine))
    return ended


def digest(token: str) -> str:
    """SHA-256 of a token in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
