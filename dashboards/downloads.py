"""Files to take away: written to a private directory, handed out once to the session that asked, then gone."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import panel as pn
from tornado.web import HTTPError

from dashboards import words
from dashboards.background import aside
from dashboards.login import Base
from dashboards.security import session_of
from opslib.csvfile.export import open_private
from opslib.resource import Resource

PREFIX = "/download"
KEPT_S = 600.0
BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Offer:
    """A file, its name for people, whose session may have it, and until when (monotonic seconds)."""

    path: Path
    name: str
    digest: str
    until: float

    @property
    def size(self) -> int:
        return self.path.stat().st_size


class Store:
    """Offers of this process by token."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="mailops-download-")
        self.offers: dict[str, Offer] = {}
        self.lock = threading.Lock()

    def offer(self, pieces: Iterable[str], name: str, digest: str) -> tuple[str, int]:
        """Write a file and offer it: its address, and its size in bytes.  Blocks: call it in a thread."""
        self.tidy()
        token = secrets.token_urlsafe(24)
        path = Path(self.directory.name) / token
        with open_private(path) as stream:
            stream.writelines(pieces)
        found = Offer(path, name, digest, time.monotonic() + KEPT_S)
        with self.lock:
            self.offers[token] = found
        return f"{PREFIX}/{token}", found.size

    def take(self, token: str, digest: str) -> Offer | None:
        """The offer, for the session it is meant for; there is none afterwards."""
        with self.lock:
            found = self.offers.get(token)
            if found is None or found.digest != digest or found.until < time.monotonic():
                return None
            return self.offers.pop(token)

    def tidy(self) -> None:
        """Delete what nobody took in time."""
        with self.lock:
            late = [token for token, found in self.offers.items() if found.until < time.monotonic()]
            gone = [self.offers.pop(token) for token in late]
        for found in gone:
            found.path.unlink(missing_ok=True)


@cache
def store() -> Store:
    """The offers of this process."""
    return Store()


class Taker(pn.viewable.Viewer):
    """A link to a file that was made; it works once."""

    def __init__(self, resource: Resource, **given: Any) -> None:
        super().__init__(**given)
        self.digest = str(getattr(resource.ops, "digest", ""))
        self.link = words.pane(visible=False, sizing_mode=None, margin=(10, 10))

    async def offer(self, pieces: Callable[[], Iterable[str]], name: str) -> None:
        """Write the file in a thread and show the link."""
        address, size = await aside(lambda: store().offer(pieces(), name, self.digest))
        shown = words.text(f"Download {name} ({_size(size)})")
        markup = (
            f'<a href="{words.text(address)}" download="{words.text(name)}">{shown}</a>'  # leaves the page as it is
        )
        self.link.param.update(object=words.wrap(markup), visible=True)

    def hide(self) -> None:
        self.link.visible = False

    def __panel__(self) -> pn.pane.HTML:
        return self.link


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


class DownloadHandler(Base):
    """`/download/TOKEN`: one file, once, for the session that had it made."""

    async def get(self, token: str) -> None:
        session = await session_of(self)
        found = store().take(token, session.digest) if session and not session.pending else None
        if found is None:
            raise HTTPError(404)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(found.name)}")
        self.set_header("Content-Length", str(found.size))
        try:
            with found.path.open("rb") as stream:
                while block := stream.read(BLOCK):
                    self.write(block)
                    await self.flush()
        finally:
            found.path.unlink(missing_ok=True)


ROUTES: list[tuple[Any, ...]] = [(rf"{PREFIX}/([A-Za-z0-9_-]+)", DownloadHandler, {})]
