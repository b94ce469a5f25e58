"""Answers about mailboxes that are no objects: spam score, sign-ins, choices for forms (addresses.md 9.9, 15, 19)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from opslib.api.calls import EVERYBODY, Call, Route
from opslib.api.wire.category import EMPTY, attempt
from opslib.resources.alias_targets import split_targets
from opslib.schema import alias, app_passwd, sasl_log
from opslib.stores.database import read

SERVER_SCORE = "5,15"
DAYS, MOST_DAYS = 7, 3650
OPEN: dict[str, Any] = {"type": "object"}
SCORE = {"anyOf": [{"type": "object", "properties": {"score": {"type": "string"}}, "required": ["score"]}, EMPTY]}


class Reading:
    """Their addresses."""

    def routes(self) -> Iterator[Route]:
        shared: dict[str, Any] = {"tag": "mailbox", "roles": EVERYBODY}
        yield Route("get", "spam-score/{key}", _score, "mailboxes", "Spam score of a mailbox", SCORE, **shared)
        for path in ("last-login/{key}", "last-login/{key}/{days}"):
            yield Route("get", path, _logins, "mailboxes", "Sign-ins of a mailbox", OPEN, **shared)
        words, answer = "Forget the sign-ins of a mailbox", {"anyOf": [{"type": "boolean"}, EMPTY]}
        yield Route("get", "reset-last-login/{key}", _reset, "mailboxes", words, answer, changes=True, **shared)
        words = "Names that a copy of mail can be asked for"
        yield Route("get", "bcc-destination-options", _choices, "mailboxes", words, OPEN, tag="domain", roles=EVERYBODY)


def _score(call: Call) -> Any:
    key = call.path["key"]
    found = call.ops.resource("mailboxes").current([key], ("spam_score",))
    return {"score": found[key].before.get("spam_score") or SERVER_SCORE} if key in found else {}


def _logins(call: Call) -> Any:
    """Newest first: one entry per address, service and app password; nobody is asked where an address is."""
    key, given = call.path["key"], call.path.get("days", str(DAYS))
    if key not in call.ops.resource("mailboxes").current([key], ()):
        return {}
    days = min(int(given), MOST_DAYS) if given.isascii() and given.isdecimal() and len(given) < 9 else DAYS
    since = call.ops.site.wall() - timedelta(days=max(days, 1))
    source = sasl_log.outerjoin(app_passwd, app_passwd.c.id == sasl_log.c.app_password)
    query = (
        sa.select(sasl_log, app_passwd.c.name.label("app_password_name"))
        .select_from(source)
        .where(sasl_log.c.username == key, sasl_log.c.datetime >= since)
        .order_by(sasl_log.c.datetime.desc())
    )
    with read(call.ops.site.engine) as connection:
        rows = connection.execute(query).mappings().all()
    return {"ui": False, "sasl": [_login(row) for row in rows]}


def _login(row: Any) -> dict[str, Any]:
    return {
        "real_rip": row["real_rip"],
        "datetime": f"{row['datetime']:%Y-%m-%d %H:%M:%S}",
        "service": row["service"],
        "app_password": row["app_password"],
        "app_password_name": row["app_password_name"],
    }


def _reset(call: Call) -> Any:
    resource, key = call.ops.resource("mailboxes"), call.path["key"]
    return attempt(call.ops, lambda: resource.run("reset_logins", key)).well or {}


def _choices(call: Call) -> Any:
    """Domains, alias domains, and each mailbox with its own aliases before the shared ones (mailflow.md)."""
    if call.ops.actor.role == "user" or not call.ops.actor.may("bcc_maps"):
        return {}
    mailboxes: dict[str, list[str]] = {name: [name] for name in call.ops.resource("mailboxes").keys(call.ops.every())}
    rows = call.ops.resource("aliases").rows(None, ["address", "goto"], where=[alias.c.active == 1])
    for alone in (True, False):
        for row in rows:
            targets = [target.lower() for target in split_targets(",".join(row["goto"]))]
            if (len(targets) == 1) is alone and not row["address"].startswith("@"):
                for target in targets:
                    if target in mailboxes:
                        mailboxes[target].append(row["address"])
    return {
        "domains": call.ops.resource("domains").keys(call.ops.every()),
        "mailboxes": mailboxes,
        "alias_domains": call.ops.resource("alias_domains").keys(call.ops.every()),
    }
