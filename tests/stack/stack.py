"""A mail stack of plain processes: all daemons of one place, started together."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from opslib.schema.create import initialise
from opslib.stores.database import engine_for
from tests.stack import dovecot, postfix, rspamd
from tests.stack.place import HOSTNAME, Place, prepare
from tests.stack.processes import Daemon, StackError, start, tail

CHECKOUT = Path(__file__).parents[2]


@dataclass
class Stack:
    """A running stack."""

    place: Place
    daemons: dict[str, Daemon] = field(default_factory=dict)

    @property
    def logs(self) -> str:
        """The last lines of every log."""
        return "\n".join(tail(log) for log in sorted(self.place.at("log").glob("*.log")))

    def up(self) -> Stack:
        """Configure and start everything.  Raises StackError with the last log lines of what failed."""
        prepare(self.place)
        _certificate(self.place)
        dovecot.configure(self.place)
        postfix.configure(self.place)
        steps: list[Callable[[], Daemon]] = [self._auth, self._dovecot, self._postfix]
        with ThreadPoolExecutor(len(steps)) as pool:
            started = [pool.submit(step) for step in steps]
        try:
            for future in started:
                future.result()
        except StackError:
            self.down()
            raise
        return self

    def down(self) -> None:
        """Stop everything."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Daemon.stop, self.daemons.values()))

    def _auth(self) -> Daemon:
        port = self.place.ports["auth"]
        url = self.place.database.render_as_string(hide_password=False)
        argv = [sys.executable, "-m", "tests.stack.auth", url, str(port)]
        return self._start("auth", argv, "auth", environment={"PYTHONPATH": str(CHECKOUT)})

    def _dovecot(self) -> Daemon:
        return self._start("dovecot", dovecot.command(self.place), "imap", "pop3", "sieve", "lmtp", "sasl")

    def _postfix(self) -> Daemon:
        return self._start("postfix", postfix.command(self.place), "smtp", "submission", "reinject", "bcc")

    def filter(self) -> None:
        """Start Rspamd too: mail sent to the listener `filtered` passes it, `spam@localhost` and `ham@localhost` teach it."""
        rspamd.configure(self.place)
        self._start("rspamd", rspamd.command(self.place), "scan", "milter", "rspamd")

    def _start(self, name: str, argv: list[str], *ports: str, environment: dict[str, str] | None = None) -> Daemon:
        daemon = start(name, argv, self.place.at("log", f"{name}.log"), environment)
        self.daemons[name] = daemon
        return daemon.wait_for(*(self.place.ports[port] for port in ports))


def make_database(server: str) -> sa.URL:
    """A new database of the contract's schema on a MariaDB server."""
    name = f"mailops_stack_{uuid.uuid4().hex[:12]}"
    admin = engine_for(server)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    admin.dispose()
    url = sa.make_url(server).set(database=name)
    engine = engine_for(url)
    initialise(engine)
    engine.dispose()
    return url


def drop_database(server: str, url: sa.URL) -> None:
    """Remove what `make_database` made."""
    admin = engine_for(server)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {url.database}")
    admin.dispose()


def _certificate(place: Place) -> None:
    place.directory("ssl")
    names = f"subjectAltName=DNS:{HOSTNAME},DNS:localhost,IP:127.0.0.1"
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "30",
    ]
    argv += ["-subj", f"/CN={HOSTNAME}", "-addext", names]
    argv += ["-keyout", str(place.at("ssl", "key.pem")), "-out", str(place.at("ssl", "cert.pem"))]
    subprocess.run(argv, check=True, capture_output=True)
