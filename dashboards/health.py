"""Whether the stores answer, asked at most every few seconds by the whole process.

A store that does not answer in time counts as down: a server that hangs would otherwise hold up whoever asks.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate

import sqlalchemy as sa

from opslib.errors import ServerError
from opslib.site import Site
from opslib.stores.database import read

KEPT = 3.0
PATIENCE = 4.0

WORDS = {
    "database": "The database cannot be reached. What is shown may be old, and nothing can be saved until it is back.",
    "keyvalue": "The key-value store cannot be reached. Rate limits, keys and other settings kept there are missing; "
    "the rest works.",
}


class Health:
    """Answers of one site's stores.  May be asked from any thread."""

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self.site = site
        self.clock = clock
        self.lock = threading.Lock()
        self.asked = float("-inf")
        self.up: dict[str, bool] = {}
        self.threads = ThreadPoolExecutor(len(_ASK), "health")
        self.front = ThreadPoolExecutor(1, "health")
        self.pending: dict[str, Future[None]] = {}

    def stores(self, fresh: bool = False) -> dict[str, bool]:
        """Store -> whether it answers; takes `PATIENCE` seconds at most.  `fresh` asks now."""
        with self.lock:
            if fresh or self.clock() - self.asked >= KEPT:
                self.up = self._ask_all()
                self.asked = self.clock()
            return dict(self.up)

    async def look(self, fresh: bool = False) -> dict[str, bool]:
        """As `stores`, off the event loop, on a thread that hanging work of pages cannot take."""
        return await asyncio.get_running_loop().run_in_executor(self.front, self.stores, fresh)

    @property
    def down(self) -> bool:
        """Whether the database was found down a moment ago; asks nothing."""
        return not self.up.get("database", True) and self.clock() - self.asked < KEPT

    def _ask_all(self) -> dict[str, bool]:
        for name, ask in _ASK.items():
            if name not in self.pending:
                self.pending[name] = self.threads.submit(ask, self.site)
        until = time.monotonic() + PATIENCE
        return {name: self._answered(name, until) for name in _ASK}

    def _answered(self, name: str, until: float) -> bool:
        """Whether the question was answered in time; one that hangs is waited for again, not asked again."""
        try:
            self.pending[name].result(max(until - time.monotonic(), 0.0))
        except TooLate:
            return False
        except ServerError:
            del self.pending[name]
            return False
        del self.pending[name]
        return True


def words(stores: dict[str, bool]) -> list[str]:
    """A sentence for each store that is down."""
    return [WORDS[name] for name, up in stores.items() if not up]


def of(site: Site) -> Health:
    """The process's health of a site."""
    found: Health = site.extra.setdefault("health", Health(site))
    return found


def _database(site: Site) -> None:
    with read(site.engine) as connection:
        connection.execute(sa.select(sa.literal(1)))


def _keyvalue(site: Site) -> None:
    site.keyvalue.get("mailops:health")


_ASK: dict[str, Callable[[Site], None]] = {"database": _database, "keyvalue": _keyvalue}
