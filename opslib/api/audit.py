"""What stays of a call: the API log of the key-value store and, for writes, rows of the UI log (access.md 17.2, 17.3)."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Sequence

from opslib.actor import Actor
from opslib.api.bodies import Body
from opslib.api.envelope import Item, masked
from opslib.errors import ServerError
from opslib.schema import logs
from opslib.site import Site
from opslib.stores.database import write

log = logging.getLogger(__name__)

KEY = "API_LOG"
_DATA, _URI = 4096, 1024
_TEXT = 60000  # bytes that a TEXT column holds, about


def request(site: Site, method: str, uri: str, remote: str, body: Body | None, keep: int) -> None:
    """One entry of the API log, secrets masked, its data cut; a log that is down stops nobody."""
    entry = {
        "time": int(site.clock().timestamp()),
        "uri": uri[:_URI],
        "method": method,
        "remote": remote,
        "data": _data(body)[:_DATA] if body else "",
    }
    try:
        site.keyvalue.lpush(KEY, json.dumps(entry, ensure_ascii=False), keep=keep)
    except ServerError as error:
        log.error("A call was not noted in the API log: %s", error)


def _data(body: Body) -> str:
    parts = {"attr": masked(body.attr), "items": body.items}
    return ", ".join(f"{name}='{json.dumps(value, ensure_ascii=False)}'" for name, value in parts.items() if value)


def written(site: Site, actor: Actor, remote: str, items: Sequence[Item]) -> None:
    """A row of the UI log for each item, under one task."""
    task, now = secrets.token_hex(3).upper(), int(site.clock().timestamp())
    shared = {"task": task, "user": actor.name[:64], "role": actor.role, "remote": remote[:39], "time": now}
    rows = [{**shared, "type": item.status, **_texts(item)} for item in items]
    if rows:
        with write(site.engine) as connection:
            connection.execute(logs.insert(), rows)


def _texts(item: Item) -> dict[str, str]:
    body = item.body()
    texts = {"msg": json.dumps(body["msg"]), "call": json.dumps(body["log"])}
    return {name: text if len(text) < _TEXT else json.dumps(["..."]) for name, text in texts.items()}
