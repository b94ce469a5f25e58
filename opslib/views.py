"""What a person's console remembers between sessions: columns of a grid, rows on a page, light or dark."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from opslib.schema.console import ops_view
from opslib.site import Site
from opslib.stores.database import insert_or_update, read, write

MOST = 20_000


def recall(site: Site, username: str, name: str, fallback: Any = None) -> Any:
    """What was remembered under `name` (any JSON value), or `fallback`."""
    mine = sa.and_(ops_view.c.username == username, ops_view.c.name == name)
    with read(site.engine) as connection:
        text = connection.execute(sa.select(ops_view.c.value).where(mine)).scalar()
    try:
        return fallback if text is None else json.loads(text)
    except ValueError:
        return fallback


def remember(site: Site, username: str, name: str, value: Any) -> None:
    """Keep `value` (any JSON value) under `name` for this person.

    Raises
    ------
    ValueError
        When its JSON is longer than 20,000 characters.
    """
    text = json.dumps(value)
    if len(text) > MOST:
        raise ValueError(f"at most {MOST} characters are remembered")
    row = {"username": username, "name": name, "value": text}
    with write(site.engine) as connection:
        connection.execute(insert_or_update(ops_view, connection), row)


def forget(site: Site, username: str, name: str) -> None:
    """Drop what was remembered under `name`."""
    mine = sa.and_(ops_view.c.username == username, ops_view.c.name == name)
    with write(site.engine) as connection:
        connection.execute(ops_view.delete().where(mine))
