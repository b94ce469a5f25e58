"""Slowing down guesses: pauses that grow with the failures of an account and of an address, in shared storage.

An attempt is noted before the password is looked at, so that a burst of parallel guesses is counted too, and forgotten
when the password was right or when it was refused for coming too early.  Nobody is locked out for good: pauses have a
cap, attempts during a pause do not prolong it, and an address where the account is signed in is spared the pause that
strangers cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from opslib.errors import UserError
from opslib.schema.console import ops_login_failure as failure
from opslib.schema.console import ops_session
from opslib.signin.address import neighbourhood
from opslib.site import Site
from opslib.stores.database import read, write

WINDOW = timedelta(hours=1)
_SWEPT = 20  # stale rows removed per attempt


@dataclass(frozen=True, slots=True)
class Allowance:
    """Failures that cost nothing, and the longest pause in seconds after more of them."""

    free: int
    longest: int

    def pause(self, failures: int) -> int:
        """Seconds between the last failure and the next attempt: 2, 4, 8, ..."""
        return 0 if failures < self.free else min(2 ** min(failures - self.free + 1, 20), self.longest)


PAIR = Allowance(free=5, longest=900)
ACCOUNT = Allowance(free=25, longest=60)
ADDRESS = Allowance(free=25, longest=900)


def attempt(site: Site, name: str, remote: str) -> int:
    """Note an attempt; gives its id for `forget`.

    Raises
    ------
    UserError
        `login_throttled` with the seconds to wait.
    """
    near, now = neighbourhood(remote), site.now()
    with write(site.engine) as connection:
        _sweep(connection, now)
        values = {"at": now, "username": name, "remote": near}
        number = int(_key(connection.execute(failure.insert().values(values))))
    with read(site.engine) as connection:
        wait = _wait(connection, name, near, remote, number, now)
    if wait > 0:
        forget(site, number)
        raise UserError("login_throttled", wait)
    return number


def _key(done: sa.CursorResult[Any]) -> Any:
    return (done.inserted_primary_key or (0,))[0]


def _wait(connection: sa.Connection, name: str, near: str, remote: str, number: int, now: datetime) -> int:
    mine, here = failure.c.username == name, failure.c.remote == near
    waits = [
        _left(connection, PAIR, sa.and_(mine, here), number, now),
        _left(connection, ADDRESS, here, number, now),
    ]
    if not _at_home(connection, name, remote):
        waits.append(_left(connection, ACCOUNT, mine, number, now))
    return max(waits)


def _left(
    connection: sa.Connection, allowance: Allowance, which: sa.ColumnElement[bool], number: int, now: datetime
) -> int:
    counted = sa.select(sa.func.count(), sa.func.max(failure.c.at)).where(
        which, failure.c.at > now - WINDOW, failure.c.id < number
    )
    failures, last = connection.execute(counted).one()
    if not failures:
        return 0
    until = last + timedelta(seconds=allowance.pause(failures))
    return max(int((until - now).total_seconds()), 0)


def _at_home(connection: sa.Connection, name: str, remote: str) -> bool:
    """Whether the account has a session at that address."""
    known = sa.select(sa.literal(1)).where(ops_session.c.username == name, ops_session.c.remote == remote).limit(1)
    return connection.execute(known).first() is not None


def forget(site: Site, number: int) -> None:
    """Take one attempt back."""
    with write(site.engine) as connection:
        connection.execute(failure.delete().where(failure.c.id == number))


def forgive(site: Site, name: str, remote: str) -> None:
    """After the right password: forget the account's failures from that address, and only those."""
    mine = sa.and_(failure.c.username == name, failure.c.remote == neighbourhood(remote))
    with write(site.engine) as connection:
        connection.execute(failure.delete().where(mine))


def _sweep(connection: sa.Connection, now: datetime) -> None:
    oldest: Any = sa.select(failure.c.id, failure.c.at).order_by(failure.c.id).limit(_SWEPT)
    stale = [row.id for row in connection.execute(oldest) if row.at <= now - WINDOW]
    if stale:
        connection.execute(failure.delete().where(failure.c.id.in_(stale)))
