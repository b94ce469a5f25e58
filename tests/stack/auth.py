"""The sign-in endpoint Dovecot asks (mailflow.md 13.2): python -m tests.stack.auth DATABASE_URL PORT.

200 with `{"success": true}` for a good password, 401 for a bad one, 400 for a question without user, password or
address, 500 when the database is in trouble.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import sqlalchemy as sa

from opslib.passwords import verify
from opslib.schema import app_passwd, domain, mailbox, sasl_log, tfa
from opslib.stores.database import engine_for, read, write
from tests.stack.place import ADDRESS

_NO_RESOURCE = mailbox.c.kind == ""


@dataclass(frozen=True)
class Question:
    """Who signs in where, and from which address."""

    username: str
    password: str
    real_rip: str
    service: str


def judge(engine: sa.Engine, asked: Question) -> int | None:
    """Number of the app password that fits, 0 for the main password, None for neither."""
    with read(engine) as connection:
        number = _app_password(connection, asked)
        if number is None and _main_password(connection, asked):
            number = 0
    if number is not None:
        with write(engine) as connection:
            key = {"username": asked.username, "real_rip": asked.real_rip, "service": asked.service}
            connection.execute(sasl_log.delete().where(*(sasl_log.c[name] == value for name, value in key.items())))
            connection.execute(sasl_log.insert().values(**key, app_password=number, datetime=sa.func.now()))
    return number


def _app_password(connection: sa.Connection, asked: Question) -> int | None:
    """Its own protocols decide; those of the mailbox and its kind of sign-in do not."""
    allowed = app_passwd.c.get(f"{asked.service}_access")
    if allowed is None:
        return None
    joined = app_passwd.join(mailbox, mailbox.c.username == app_passwd.c.mailbox)
    joined = joined.join(domain, domain.c.domain == mailbox.c.domain)
    alive = (app_passwd.c.active == 1, mailbox.c.active == 1, domain.c.active == 1, _NO_RESOURCE, allowed == 1)
    query = sa.select(app_passwd.c.id, app_passwd.c.password).select_from(joined)
    rows = connection.execute(query.where(mailbox.c.username == asked.username, *alive)).all()
    return next((number for number, stored in rows if verify(asked.password, stored)), None)


def _main_password(connection: sa.Connection, asked: Question) -> bool:
    """Not for who has a second factor; passwords kept elsewhere are not ours to check."""
    query = sa.select(mailbox.c.password, mailbox.c.attributes, mailbox.c.authsource).join(
        domain, domain.c.domain == mailbox.c.domain
    )
    alive = (mailbox.c.active == 1, domain.c.active == 1, _NO_RESOURCE)
    row = connection.execute(query.where(mailbox.c.username == asked.username, *alive)).one_or_none()
    if row is None or (row.authsource or "mailcow") != "mailcow":
        return False
    if str((row.attributes or {}).get(f"{asked.service}_access", "1")) != "1":
        return False
    factor = sa.select(tfa.c.id).where(tfa.c.username == asked.username, tfa.c.active == 1)
    return connection.execute(factor).first() is None and verify(asked.password, row.password)


def answer(engine: sa.Engine, body: bytes) -> tuple[int, dict[str, Any]]:
    """HTTP status and document for a question."""
    try:
        given = json.loads(body)
        asked = Question(*(str(given[name]) for name in ("username", "password", "real_rip", "service")))
    except (ValueError, KeyError, TypeError):
        return 400, {"success": False}
    try:
        good = judge(engine, asked) is not None
    except RuntimeError:
        return 500, {"success": False}
    return (200 if good else 401), {"success": good}


def serve(engine: sa.Engine, port: int) -> None:
    """Answer until the process ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, document = answer(engine, self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer((ADDRESS, port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    serve(engine_for(sys.argv[1]), int(sys.argv[2]))
