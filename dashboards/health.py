"""Whether the stores answer, asked at most every few seconds by the whole process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

from opslib.errors import ServerError
from opslib.site import Site
from opslib.stores.database import read

KEPT = 3.0

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

    def stores(self, fresh: bool = False) -> dict[str, bool]:
        """Store -> whether it answers.  `fresh` asks now."""
        with self.lock:
            if fresh or self.clock() - self.asked >= KEPT:
                self.up = {name: _answers(ask, self.site) for name, ask in _ASK.items()}
                self.asked = self.clock()
            return dict(self.up)

    def words(self, fresh: bool = False) -> list[str]:
        """A sentence for each store that is down."""
        return [WORDS[name] for name, up in self.stores(fresh).items() if not up]


def of(site: Site) -> Health:
    """The process's health of a site."""
    found: Health = site.extra.setdefault("health", Health(site))
    return found


def _answers(ask: Callable[[Site], None], site: Site) -> bool:
    try:
        ask(site)
    except ServerError:
        return False
    return True


def _database(site: Site) -> None:
    with read(site.engine) as connection:
        connection.execute(sa.select(sa.literal(1)))


def _keyvalue(site: Site) -> None:
    site.keyvalue.get("mailops:health")


_ASK: dict[str, Callable[[Site], None]] = {"database": _database, "keyvalue": _keyvalue}
