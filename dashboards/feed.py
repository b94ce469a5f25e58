"""News of commits, for open pages: one small query a second for the whole process, however many sessions ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

from opslib.schema.console import ops_change
from opslib.site import Site
from opslib.stores.database import read

PAUSE = 1.0


class Feed:
    """The newest change of every resource.  `newest` may be asked from any thread."""

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self.site = site
        self.clock = clock
        self.lock = threading.Lock()
        self.last: int | None = None
        self.asked = float("-inf")
        self.by_resource: dict[str, int] = {}

    def newest(self, resource: str | None = None) -> int:
        """Id of the newest change of a resource (None = of any); 0 before the first since the process began.

        Whoever asks while another asks gets what is known: a database that hangs holds up one thread, not all.

        Raises
        ------
        ServerError
            When the database cannot be reached; it is not asked again within a second.
        """
        if self.lock.acquire(blocking=False):
            try:
                if self.clock() - self.asked >= PAUSE:
                    self.asked = self.clock()
                    self._read()
            finally:
                self.lock.release()
        known = dict(self.by_resource)
        return max(known.values(), default=0) if resource is None else known.get(resource, 0)

    def _read(self) -> None:
        with read(self.site.engine) as connection:
            if self.last is None:
                self.last = connection.execute(sa.select(sa.func.max(ops_change.c.id))).scalar() or 0
                return
            query = sa.select(ops_change.c.id, ops_change.c.resource).where(ops_change.c.id > self.last)
            for change_id, resource in connection.execute(query.order_by(ops_change.c.id)):
                self.by_resource[resource] = self.last = change_id


def of(site: Site) -> Feed:
    """The process's feed of a site."""
    found: Feed = site.extra.setdefault("feed", Feed(site))
    return found
