"""A site is one mail server: its database, key-value store and host, plus clock and randomness.

Everything from outside comes in through here, so tests pass their own and patch nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

import sqlalchemy as sa

from opslib.host.base import Host
from opslib.stores.keyvalue import KeyValue


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Site:
    """One mail server.

    `zone` is the zone of the database's wall-clock columns (addresses.md 1.4); `hostname` the mail server's own name.
    """

    engine: sa.Engine
    keyvalue: KeyValue
    host: Host
    name: str = "mail"
    hostname: str = "mail.example.org"
    zone: tzinfo = UTC
    sogo: bool = True
    password_scheme: str = "BLF-CRYPT"
    clock: Callable[[], datetime] = _utc_now
    token: Callable[[int], str] = secrets.token_urlsafe
    extra: dict[str, Any] = field(default_factory=dict)

    def now(self) -> datetime:
        """The present in UTC, naive and without microseconds: what `ops_*` tables hold."""
        return self.clock().astimezone(UTC).replace(tzinfo=None, microsecond=0)

    def wall(self) -> datetime:
        """The present on the server's wall clock, naive: what the contract's DATETIME columns hold."""
        return self.clock().astimezone(self.zone).replace(tzinfo=None, microsecond=0)
