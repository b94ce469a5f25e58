"""What a sign-in leaves behind: rows of the UI log, and the line Fail2ban listens for (access.md 5.4, 17.2)."""

from __future__ import annotations

import json
import logging
import re
import secrets
from typing import Any, Literal

from opslib.errors import ServerError
from opslib.schema import logs, sasl_log
from opslib.signin.accounts import Identity
from opslib.site import Site
from opslib.stores.database import insert_or_update, write

log = logging.getLogger(__name__)

CHANNEL = "F2B_CHANNEL"
NOBODY = "unauthenticated"
_NAME_SHOWN = 80
_FORGED = re.compile(r"\s+by\s+\S+", re.IGNORECASE)

Kind = Literal["success", "info", "warning", "danger"]


def harmless(username: str) -> str:
    """A user name that cannot end the line it stands in, nor name another address: no blanks, no control characters."""
    shown = "".join(c if c.isprintable() else " " for c in username[:1000])
    return re.sub(r"\s+", "_", _FORGED.sub("", shown).strip())[:_NAME_SHOWN] or "-"


def failed(site: Site, username: str, remote: str) -> None:
    """Report a failed sign-in to Fail2ban, the UI log and our own log."""
    name = harmless(username)
    line = f"mailcow UI: Invalid password for {name} by {remote}"
    log.warning("%s", line)
    try:
        site.keyvalue.publish(CHANNEL, line)
    except ServerError as error:
        log.error("Fail2ban was not told of a failed sign-in: %s", error)
    note(site, "danger", "login_failed", ["check_login", name, "*"], remote)


def succeeded(site: Site, identity: Identity, remote: str) -> None:
    """Note a sign-in; mailbox users also in `sasl_log`, administrators never (access.md 5.8)."""
    note(site, "success", ["logged_in_as", identity.name], ["check_login", identity.name, "*"], remote, identity)
    if identity.role == "user":
        row = {"service": "MAILCOWUI", "app_password": 0, "username": identity.name, "real_rip": remote}
        with write(site.engine) as connection:
            statement = insert_or_update(sasl_log, connection, ["app_password", "datetime"])
            connection.execute(statement, {**row, "datetime": site.wall()})


def note(site: Site, kind: Kind, message: Any, call: list[str], remote: str, who: Identity | None = None) -> None:
    """One row of the UI log; widths are those of its columns."""
    row = {
        "task": secrets.token_hex(3).upper(),
        "type": kind,
        "msg": json.dumps(message),
        "call": json.dumps(call),
        "user": (who.name if who else NOBODY)[:64],
        "role": who.role if who else NOBODY,
        "remote": remote[:39],
        "time": int(site.clock().timestamp()),
    }
    with write(site.engine) as connection:
        connection.execute(logs.insert().values(row))
