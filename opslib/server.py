"""What a mail server says of itself in mailcow.conf (access.md 3.3, operations.md 1): facts and stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

_SOCKETS = ("data/mysqld/mysqld.sock", "data/mysql/mysqld.sock")


def port_number(raw: str) -> int:
    """A TCP port.  Raises ValueError with what to do."""
    if not (raw.isascii() and raw.isdigit() and 0 < int(raw) < 65536):
        raise ValueError("give a port number between 1 and 65535.")
    return int(raw)


def zone(raw: str) -> ZoneInfo:
    """A time zone by name.  Raises ValueError with what to do."""
    try:
        return ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("give a time zone by name, for example Europe/Berlin or UTC.") from error


@dataclass(frozen=True, slots=True)
class Server:
    """The assignments of a mailcow.conf, read as facts.  None at all stand for the embedded site.

    `home` is the file's directory.  `database_url`, `redis_url` and `timezone` raise ValueError with what to do.
    """

    conf: Mapping[str, str] = field(repr=False)
    home: Path | None = None

    @property
    def named(self) -> str:
        """MAILCOW_HOSTNAME, lower case, or empty."""
        return self.conf.get("MAILCOW_HOSTNAME", "").lower()

    @property
    def hostname(self) -> str:
        """Name of the mail server, lower case."""
        return self.named or "mail.example.org"

    @property
    def additional_names(self) -> tuple[str, ...]:
        """Further host names accepted for absolute links."""
        names = self.conf.get("ADDITIONAL_SERVER_NAMES", "").split(",")
        return tuple(name.strip().lower() for name in names if name.strip())

    @property
    def pass_scheme(self) -> str:
        """Scheme of new password hashes."""
        return self.conf.get("MAILCOW_PASS_SCHEME") or "BLF-CRYPT"

    @property
    def compose_project(self) -> str:
        """Name of the container project, lower case (operations.md 4.2)."""
        return (self.conf.get("COMPOSE_PROJECT_NAME") or "mailcow-dockerized").lower()

    @property
    def ipv4_network(self) -> str:
        """First three octets of the containers' network."""
        return self.conf.get("IPV4_NETWORK") or "172.22.1"

    @property
    def maildir_sub(self) -> str:
        """Directory below a mailbox's home that holds its maildir; empty for none (addresses.md 4.2)."""
        return self.conf.get("MAILDIR_SUB", "")

    @property
    def log_lines(self) -> int:
        """Entries kept per Redis log list (operations.md 6.1)."""
        raw = self.conf.get("LOG_LINES", "")
        return int(raw) if raw.isascii() and raw.isdigit() else 9999

    @property
    def skip_sogo(self) -> bool:
        """Whether the server runs without SOGo."""
        return self._switch("SKIP_SOGO")

    @property
    def master(self) -> bool:
        """Whether this node runs the periodic jobs (operations.md 1)."""
        return self._switch("MASTER", default=True)

    @property
    def cluster_replication(self) -> bool:
        """Whether maildir commands are broadcast on MC_CHANNEL instead (addresses.md 3.2)."""
        return self.conf.get("CLUSTERMODE") == "replication"

    @property
    def allow_admin_email_login(self) -> bool:
        """Whether administrators may enter SOGo as a mailbox user."""
        return self._switch("ALLOW_ADMIN_EMAIL_LOGIN")

    def timezone(self) -> ZoneInfo:
        """Zone of the database's wall clock (addresses.md 1.4)."""
        try:
            return zone(self.conf.get("TZ") or "UTC")
        except ValueError as error:
            raise ValueError(f"its line TZ cannot be used: {error}") from error

    def database_url(self) -> str | None:
        """SQLAlchemy URL of the published port or of the socket beside the file; None for the embedded site."""
        if self.home is None:
            return None
        missing = [name for name in ("DBNAME", "DBUSER", "DBPASS") if not self.conf.get(name)]
        if missing:
            raise ValueError(f"the file has no {missing[0]}; complete it, or set MAILOPS_DATABASE_URL.")
        host, port = self._published("SQL_PORT", "13306")
        login = (self.conf["DBUSER"], self.conf["DBPASS"])
        query = {"charset": "utf8mb4"} | self._socket(self.home)
        url = sa.URL.create("mysql+pymysql", *login, host, port, self.conf["DBNAME"], query)
        return url.render_as_string(hide_password=False)

    def redis_url(self) -> str | None:
        """Redis to write to, the replication source if there is one (operations.md 1).  None for the embedded site."""
        if self.home is None:
            return None
        if self.conf.get("REDIS_SLAVEOF_IP"):
            host, port = self.conf["REDIS_SLAVEOF_IP"], self._port("REDIS_SLAVEOF_PORT", "6379")
        else:
            host, port = self._published("REDIS_PORT", "7654")
        password = quote(self.conf.get("REDISPASS", "").encode("utf-8", "surrogateescape"), safe="")
        return f"redis://{f':{password}@' if password else ''}{f'[{host}]' if ':' in host else host}:{port}/0"

    def _switch(self, name: str, *, default: bool = False) -> bool:
        raw = self.conf.get(name, "").lower()
        return raw in ("y", "yes") if raw else default

    def _published(self, name: str, default: str) -> tuple[str, int]:
        """Where to connect to for a published port such as `127.0.0.1:13306`, `13306` or `0.0.0.0:13306`."""
        host = self.conf.get(name, "").rpartition(":")[0].strip("[]")
        everywhere = host in ("", "0.0.0.0", "::")  # noqa: S104
        return "127.0.0.1" if everywhere else host, self._port(name, default)

    def _port(self, name: str, default: str) -> int:
        try:
            return port_number((self.conf.get(name) or default).rpartition(":")[2])
        except ValueError as error:
            raise ValueError(f"its line {name} cannot be used: {error}") from error

    @staticmethod
    def _socket(home: Path) -> dict[str, str]:
        found = [home / name for name in _SOCKETS if (home / name).is_socket()]
        return {"unix_socket": str(found[0])} if found else {}
