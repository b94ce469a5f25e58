"""Effects outside the database: kept with the change that asked for them, run after its commit, retried until done.

An effect is safe to repeat, so a process that dies between doing it and noting it does no harm.  A host that is not
connected keeps its effects waiting, visibly; an effect that fails is retried with growing pauses and given up loudly.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from opslib import registry
from opslib.errors import ServerError
from opslib.host.base import HostAbsent
from opslib.plan import Effect
from opslib.schema.console import ops_outbox
from opslib.site import Site
from opslib.stores.database import read, write
from opslib.stores.keyvalue import KeyValue

log = logging.getLogger(__name__)

WAIT = timedelta(seconds=60)
ABANDONED = timedelta(minutes=3)
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Waiting:
    """An effect that was not done: its label and the reason."""

    label: str
    reason: str
    absent: bool = False


def put(connection: sa.Connection, site: Site, change_id: int, effects: Sequence[Effect]) -> None:
    """Store effects in the transaction of their change."""
    if effects:
        connection.execute(ops_outbox.insert(), [_row(site, change_id, effect) for effect in effects])


def _row(site: Site, change_id: int, effect: Effect) -> dict[str, Any]:
    return {
        "change_id": change_id,
        "kind": effect.kind,
        "verb": effect.verb,
        "args": json.dumps(effect.args),
        "undo": json.dumps(asdict(effect.undo)) if effect.undo else None,
        "label": effect.label[:255],
        "subject": effect.subject,
        "state": "pending",
        "due": site.now(),
    }


def cancel(connection: sa.Connection, site: Site, change_id: int) -> None:
    """Give up what is still waiting of a change that is being undone."""
    mine = sa.and_(ops_outbox.c.change_id == change_id, ops_outbox.c.state.in_(["pending", "failed"]))
    values = {"state": "given_up", "finished": site.now(), "problem": "the change was undone"}
    connection.execute(ops_outbox.update().where(mine).values(values))


def run(site: Site, change_id: int | None = None, most: int = 1000) -> list[Waiting]:
    """Do what is due (of one change, or all) in order; give what could not be done."""
    waiting: list[Waiting] = []
    for row in _due(site, change_id, most):
        if _claim(site, row):
            problem = _try(site, row)
            if problem:
                waiting.append(problem)
    return waiting


def _due(site: Site, change_id: int | None, most: int) -> list[sa.RowMapping]:
    now = site.now()
    open_now = sa.and_(ops_outbox.c.state.in_(["pending", "failed"]), ops_outbox.c.due <= now)
    left_over = sa.and_(ops_outbox.c.state == "running", ops_outbox.c.claimed < now - ABANDONED)
    query = sa.select(ops_outbox).where(sa.or_(open_now, left_over)).order_by(ops_outbox.c.id).limit(most)
    if change_id is not None:
        query = query.where(ops_outbox.c.change_id == change_id)
    with read(site.engine) as connection:
        return list(connection.execute(query).mappings())


def _claim(site: Site, row: sa.RowMapping) -> bool:
    same = sa.and_(
        ops_outbox.c.id == row["id"], ops_outbox.c.state == row["state"], ops_outbox.c.attempts == row["attempts"]
    )
    if row["claimed"] is not None:
        same = sa.and_(same, ops_outbox.c.claimed == row["claimed"])
    with write(site.engine) as connection:
        taken = connection.execute(ops_outbox.update().where(same).values(state="running", claimed=site.now()))
    return bool(taken.rowcount)


def _try(site: Site, row: sa.RowMapping) -> Waiting | None:
    effect = Effect(row["kind"], row["verb"], json.loads(row["args"]), row["label"])
    try:
        perform(site, effect)
    except HostAbsent as absent:
        _mark(site, row, state="pending", due=site.now() + WAIT, problem=str(absent))
        return Waiting(row["label"], str(absent), absent=True)
    except ServerError as error:
        return _failed(site, row, str(error))
    _mark(site, row, state="done", finished=site.now(), problem=None)
    return None


def _failed(site: Site, row: sa.RowMapping, reason: str) -> Waiting:
    attempts = row["attempts"] + 1
    given_up = attempts >= MOST_ATTEMPTS
    pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)
    log.error("%s: %s%s", row["label"], reason, " (given up)" if given_up else "")
    state = "given_up" if given_up else "failed"
    _mark(site, row, state=state, attempts=attempts, due=site.now() + pause, problem=reason)
    return Waiting(row["label"], reason)


def _mark(site: Site, row: sa.RowMapping, **values: Any) -> None:
    with write(site.engine) as connection:
        connection.execute(ops_outbox.update().where(ops_outbox.c.id == row["id"]).values(values))


def perform(site: Site, effect: Effect) -> None:
    """Do one effect now.

    Raises
    ------
    HostAbsent
        When there is no connection to the host.
    ServerError
        When the key-value store or the host refuses or cannot be reached.
    """
    if effect.kind == "keyvalue":
        _KEYVALUE[effect.verb](site.keyvalue, **effect.args)
        return
    if effect.kind == "task":
        registry.perform(effect.verb, site, **effect.args)
        return
    answer = site.host.do(effect.verb, **effect.args)
    if not answer.ok:
        raise ServerError("task_failed", answer.message)


def _hset(store: KeyValue, key: str, fields: dict[str, str]) -> None:
    store.hset(key, fields)


def _hdel(store: KeyValue, key: str, fields: list[str]) -> None:
    store.hdel(key, *fields)


def _set(store: KeyValue, key: str, value: str) -> None:
    store.set(key, value)


def _delete(store: KeyValue, key: str) -> None:
    store.delete(key)


def _publish(store: KeyValue, channel: str, message: str) -> None:
    store.publish(channel, message)


_KEYVALUE: dict[str, Callable[..., None]] = {
    "hset": _hset,
    "hdel": _hdel,
    "set": _set,
    "delete": _delete,
    "publish": _publish,
}


def undo_effects(site: Site, change_id: int, refused: set[str]) -> Iterator[Effect | str]:
    """What takes back the done effects of a change, last first: an effect, or the label of one without a way back."""
    query = sa.select(ops_outbox).where(ops_outbox.c.change_id == change_id, ops_outbox.c.state == "done")
    with read(site.engine) as connection:
        rows = connection.execute(query.order_by(ops_outbox.c.id.desc())).mappings().all()
    for row in rows:
        if row["subject"] and row["subject"] in refused:
            continue
        undo = Effect.from_dict(json.loads(row["undo"])) if row["undo"] else None
        yield _without(undo, refused) if undo else row["label"]


def _without(effect: Effect, refused: set[str]) -> Effect:
    fields = effect.args.get("fields")
    if isinstance(fields, dict):
        kept: Any = {name: value for name, value in fields.items() if name not in refused}
    elif isinstance(fields, list):
        kept = [name for name in fields if name not in refused]
    else:
        return effect
    return replace(effect, args={**effect.args, "fields": kept})
