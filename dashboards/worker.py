"""The process's one background thread: effects that wait are tried again, whatever happens to the pages."""

from __future__ import annotations

import logging
import threading

from opslib import outbox
from opslib.errors import ServerError
from opslib.site import Site

log = logging.getLogger(__name__)

PAUSE = 5.0
LONGEST = 60.0
_lock = threading.Lock()


def start(site: Site, pause: float = PAUSE) -> threading.Thread:
    """Start the thread for a site, once; it ends with the process."""
    with _lock:
        found: threading.Thread | None = site.extra.get("worker")
        if found is None:
            found = threading.Thread(target=_run, args=(site, pause), name="outbox", daemon=True)
            site.extra["worker"] = found
            found.start()
        return found


def _run(site: Site, pause: float) -> None:
    wait, rest = pause, threading.Event()
    while not rest.wait(wait):
        wait = pause if turn(site) else min(wait * 2, LONGEST)


def turn(site: Site) -> bool:
    """One round; False when the stores are down."""
    try:
        outbox.run(site)
    except ServerError as error:
        log.warning("effects wait: %s", error)
        return False
    except Exception:
        log.exception("a round of effects failed")
    return True
