"""Parts of a mailbox that live outside its row: each read once for all rows of a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.fields import RateLimit
from opslib.plan import Plan, Row
from opslib.resources import hashes
from opslib.schema import filterconf, spamalias
from opslib.stores.database import chunks, read

if TYPE_CHECKING:
    from opslib.resource import Draft, Resource

LIMITS = "RL_VALUE"
HANDLERS = {"subject": "RCPT_WANTS_SUBJECT_TAG", "subfolder": "RCPT_WANTS_SUBFOLDER_TAG"}
SCORES = {"lowspamlevel": 0, "highspamlevel": 1}


def rate_limits(resource: Resource, keys: Sequence[str]) -> dict[str, str]:
    """Rate limit of each object, "" for none (addresses.md 18)."""
    stored = resource.site.keyvalue.hmget(LIMITS, list(keys)) if keys else []
    return {key: RateLimit.unwire(value) for key, value in zip(keys, stored, strict=True)}


def tag_handlers(resource: Resource, keys: Sequence[str]) -> dict[str, str]:
    """What happens to tagged mail: subject wins over subfolder (addresses.md 9.7)."""
    found = dict.fromkeys(keys, "none")
    for handler in ("subfolder", "subject"):
        stored = resource.site.keyvalue.hmget(HANDLERS[handler], list(keys)) if keys else []
        found.update({key: handler for key, value in zip(keys, stored, strict=True) if value is not None})
    return found


def temporary_aliases(resource: Resource, keys: Sequence[str]) -> dict[str, int]:
    """Number of temporary aliases that still deliver; `spamalias.goto` has no index, so one scan for the page."""
    valid = sa.or_(spamalias.c.permanent == 1, spamalias.c.validity >= int(resource.site.clock().timestamp()))
    counted = sa.select(sa.func.lower(spamalias.c.goto), sa.func.count()).where(valid).group_by(spamalias.c.goto)
    found: dict[str, int] = {}
    with read(resource.site.engine) as connection:
        for chunk in chunks(list(keys), 1000):
            found.update({goto: int(n) for goto, n in connection.execute(counted.where(spamalias.c.goto.in_(chunk)))})
    return found


def spam_scores(resource: Resource, keys: Sequence[str]) -> dict[str, str]:
    """Own scores as "mark,reject"; a lone row counts as none (addresses.md 15, 21)."""
    pairs: dict[str, dict[str, str]] = defaultdict(dict)
    with read(resource.site.engine) as connection:
        for chunk in chunks(list(keys), 1000):
            mine = (filterconf.c.object.in_(chunk), filterconf.c.option.in_(SCORES))
            query = sa.select(filterconf.c.object, filterconf.c.option, filterconf.c.value).where(*mine)
            for name, option, value in connection.execute(query):
                pairs[name.lower()][option] = value
    return {
        name: f"{pair['lowspamlevel']},{pair['highspamlevel']}"
        for name, pair in pairs.items()
        if len(pair) == len(SCORES)
    }


# -- writing --------------------------------------------------------------------------------------------------------
def write_outside(plan: Plan, drafts: Sequence[Draft]) -> None:
    """Effects on the key-value store for the drafts' rate limits and tag handlers, with their way back."""
    limits = {d.key: (d.before.get("rate_limit"), d.values["rate_limit"]) for d in drafts if "rate_limit" in d.values}
    hashes.move(plan, LIMITS, {key: (_wire(old), _wire(new)) for key, (old, new) in limits.items()}, "Rate limit")
    handled = [d for d in drafts if "tagged_mail_handler" in d.values]
    for handler, key in HANDLERS.items():
        moves = {d.key: (_is(d.before, handler), _is(d.values, handler)) for d in handled}
        hashes.move(plan, key, moves, "Tagged mail")


def _wire(value: str | None) -> str | None:
    return RateLimit.wire(value) if value else None


def _is(values: Row, handler: str) -> str | None:
    return "1" if values.get("tagged_mail_handler") == handler else None


def write_scores(plan: Plan, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """Replace the pair of score rows in one transaction: a reader must never see one of them (addresses.md 15)."""
    scored = {d.key: d.values["spam_score"] for d in drafts if "spam_score" in d.values}
    for chunk in chunks(list(scored), 1000):
        mine = (filterconf.c.object.in_(chunk), filterconf.c.option.in_(SCORES))
        for row in connection.execute(sa.select(filterconf).where(*mine)).mappings():
            plan.delete("filterconf", {"prefid": row["prefid"]}, dict(row), row["object"].lower())
    for name, score in scored.items():
        for option, side in (("highspamlevel", 1), ("lowspamlevel", 0)):
            if score:
                key = {"object": name, "option": option}
                plan.insert("filterconf", key, {"value": score.split(",")[side]}, name)
