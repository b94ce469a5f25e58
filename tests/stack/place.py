"""Where one mail stack lives: its directory, ports and stores.  Everything the daemons' configurations name."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa

HOSTNAME = "mail.stack.test"
ADDRESS = "127.0.0.1"
VMAIL = 5000
PORTS = (
    *("smtp", "filtered", "submission", "reinject", "bcc"),  # Postfix
    *("imap", "pop3", "sieve", "lmtp", "sasl", "auth"),  # Dovecot and the endpoint it asks
    *("milter", "scan", "rspamd"),
)


def free_ports() -> dict[str, int]:
    """A free port of 127.0.0.1 for each listener, all different."""
    sockets = {name: socket.create_server((ADDRESS, 0)) for name in PORTS}
    found = {name: opened.getsockname()[1] for name, opened in sockets.items()}
    for opened in sockets.values():
        opened.close()
    return found


@dataclass(frozen=True)
class Place:
    """`root` must be open to the daemons' accounts; `database` and `redis` are URLs of servers that run already."""

    root: Path
    database: sa.URL
    redis: str
    ports: Mapping[str, int] = field(default_factory=free_ports)

    def at(self, *parts: str) -> Path:
        """A path below the root."""
        return self.root.joinpath(*parts)

    def inet(self, name: str) -> str:
        """`address:port` of a listener."""
        return f"{ADDRESS}:{self.ports[name]}"

    @property
    def redis_server(self) -> tuple[str, str, str]:
        """`host:port`, password and database number."""
        parts = urlsplit(self.redis)
        return f"{parts.hostname}:{parts.port}", parts.password or "", parts.path.strip("/") or "0"

    def directory(
        self, *parts: str, owner: str | int | None = None, group: str | int | None = None, mode: int = 0o755
    ) -> Path:
        """Make a directory of that owner below the root."""
        path = self.at(*parts)
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if owner is not None:
            shutil.chown(path, owner, group if group is not None else owner)
        return path

    def write(self, name: str, text: str, group: str | None = None) -> Path:
        """Write a configuration file; with a group it holds secrets and is readable by that group only."""
        path = self.at(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o640 if group else 0o644)
        if group:
            shutil.chown(path, "root", group)
        return path

    @property
    def environment(self) -> dict[str, str]:
        """What the daemons' own tools need to find this stack."""
        return {"MAIL_CONFIG": str(self.at("postfix", "etc")), "CONFIG_FILE": str(self.at("dovecot", "dovecot.conf"))}


def prepare(place: Place) -> None:
    """Directories that several daemons share."""
    place.root.chmod(0o755)
    os.makedirs(place.at("log"), exist_ok=True)
    place.at("log").chmod(0o1777)
    for name in ("vmail", "vmail_index", "volatile"):
        place.directory(name, owner=VMAIL)
