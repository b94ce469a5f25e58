"""Parts of a mailbox that live outside its row: each read once for all rows of a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.fields import RateLimit
from opslib.plan import Plan
from opslib.resources import hashes, rate_limits
from opslib.resources.rules import CHUNK
from opslib.schema import filterconf, spamalias
from opslib.stores.database import chunks, read

if TYPE_CHECKING:
    from opslib.resource import Draft, Resource
    from opslib.site import Site

HANDLERS = {"subject": "RCPT_WANTS_SUBJECT_TAG", "subfolder": "RCPT_WANTS_SUBFOLDER_TAG"}
HASHES = {
    rate_limits.KEY: "Rate limit",
    **dict.fromkeys(HANDLERS.values(), "Tagged mail"),
    "Q_LAST_NOTIFIED": "Last quarantine mail",
}
"""Hashes with a field per mailbox, and what people call the field."""

SCORES = {"lowspamlevel": 0, "highspamlevel": 1}


# -- reading --------------------------------------------------------------------------------------------------------
def stored(site: Site, key: str, usernames: Sequence[str]) -> dict[str, str | None]:
    """Field of each mailbox in a hash of the key-value store; one read."""
    found = site.keyvalue.hmget(key, list(usernames)) if usernames else []
    return dict(zip(usernames, found, strict=True))


def tag_handlers(resource: Resource, keys: Sequence[str]) -> dict[str, str]:
    """What happens to tagged mail: subject wins over subfolder (addresses.md 9.7)."""
    found = dict.fromkeys(keys, "none")
    for handler in ("subfolder", "subject"):
        wanted = stored(resource.site, HANDLERS[handler], keys)
        found.update({name: handler for name, value in wanted.items() if value is not None})
    return found


def temporary_aliases(resource: Resource, keys: Sequence[str]) -> dict[str, int]:
    """Number of temporary aliases that still deliver; `spamalias.goto` has no index, so one scan for the page."""
    valid = sa.or_(spamalias.c.permanent == 1, spamalias.c.validity >= int(resource.site.clock().timestamp()))
    counted = sa.select(sa.func.lower(spamalias.c.goto), sa.func.count()).where(valid).group_by(spamalias.c.goto)
    found: dict[str, int] = {}
    with read(resource.site.engine) as connection:
        for chunk in chunks(list(keys), CHUNK):
            found.update({goto: int(n) for goto, n in connection.execute(counted.where(spamalias.c.goto.in_(chunk)))})
    return found


def spam_scores(resource: Resource, keys: Sequence[str]) -> dict[str, str]:
    """Own scores as "mark,reject"; a lone row counts as none (addresses.md 15, 21)."""
    pairs: dict[str, dict[str, str]] = defaultdict(dict)
    with read(resource.site.engine) as connection:
        for chunk in chunks(list(keys), CHUNK):
            mine = (filterconf.c.object.in_(chunk), filterconf.c.option.in_(SCORES))
            query = sa.select(filterconf.c.object, filterconf.c.option, filterconf.c.value).where(*mine)
            for name, option, value in connection.execute(query):
                pairs[name.lower()][option] = value
    return {
        name: f"{pair['lowspamlevel']},{pair['highspamlevel']}"
        for name, pair in pairs.items()
        if len(pair) == len(SCORES)
    }


# -- rules ----------------------------------------------------------------------------------------------------------
def check_scores(drafts: Sequence[Draft]) -> None:
    """Spam scores are "mark,reject" with 0 < mark < reject (addresses.md 15)."""
    for draft in drafts:
        if draft.values.get("spam_score"):
            draft.values["spam_score"] = _score(draft, draft.values["spam_score"])


def _score(draft: Draft, text: str) -> str:
    try:
        mark, reject = (float(part) for part in text.replace(" ", "").split(","))
    except ValueError:
        mark, reject = 0, 0
    if not 0 < mark < reject < 10000:
        draft.fail("spam_score_invalid", field="spam_score")
    return f"{mark:g},{reject:g}"


# -- writing --------------------------------------------------------------------------------------------------------
def write_hashes(site: Site, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Effects for the drafts' rate limits and tag handlers.  What stood there is read and comes back with an undo: it may
    be left over from an earlier mailbox, or stand in both hashes of tagged mail."""
    limits = {str(d.key): d.values["rate_limit"] for d in drafts if "rate_limit" in d.values}
    _settle(site, plan, rate_limits.KEY, {name: RateLimit.wire(new) if new else None for name, new in limits.items()})
    handled = {str(d.key): d.values["tagged_mail_handler"] for d in drafts if "tagged_mail_handler" in d.values}
    for handler, key in HANDLERS.items():
        _settle(site, plan, key, {name: "1" if chosen == handler else None for name, chosen in handled.items()})


def _settle(site: Site, plan: Plan, key: str, wanted: dict[str, str | None]) -> None:
    now = stored(site, key, list(wanted))
    hashes.move(plan, key, {name: (now[name], new) for name, new in wanted.items()}, HASHES[key])


def write_scores(plan: Plan, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """Replace the pair of score rows in one transaction: a reader must never see one of them (addresses.md 15)."""
    scored = {d.key: d.values["spam_score"] for d in drafts if "spam_score" in d.values}
    for chunk in chunks(list(scored), CHUNK):
        mine = (filterconf.c.object.in_(chunk), filterconf.c.option.in_(SCORES))
        for row in connection.execute(sa.select(filterconf).where(*mine)).mappings():
            plan.delete("filterconf", {"prefid": row["prefid"]}, dict(row), row["object"].lower())
    for name, score in scored.items():
        for option, side in (("highspamlevel", 1), ("lowspamlevel", 0)):
            if score:
                key = {"object": name, "option": option}
                plan.insert("filterconf", key, {"value": score.split(",")[side]}, name)
