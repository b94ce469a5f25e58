"""SOGo's user table (addresses.md 5, 20.13)."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from opslib import schema
from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot, targets

LONGEST = {"aliases": 65535, "ad_aliases": 6144, "ext_acl": 6144}
_EMPTY = ("c_l", "c_o", "c_ou", "c_telephonenumber")
_WORDS = tuple(LONGEST)


@invariant(13, "_sogo_static_view", "Rebuild the SOGo rows.")
def sogo_rows(snapshot: Snapshot) -> Broken:
    """There is one row per active mailbox or resource, with its names, aliases and senders, and no other."""
    if not snapshot.site.sogo:
        return
    wanted = _wanted(snapshot)
    standing = {row["c_uid"].lower(): row for row in _standing(snapshot)}
    for name in wanted.keys() - standing.keys():
        yield name, f"{name} is active and has no SOGo row."
    for name in standing.keys() - wanted.keys():
        yield name, f"{name} has a SOGo row and is not active or does not exist."
    for name in wanted.keys() & standing.keys():
        wrong = _differing(wanted[name], standing[name])
        if wrong:
            yield name, f"The SOGo row of {name} differs in {', '.join(wrong)}."


def _standing(snapshot: Snapshot) -> Iterable[sa.RowMapping]:
    return snapshot.connection.execute(sa.select(schema.sogo_static_view)).mappings()


def _wanted(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    aliases, external = _aliases(snapshot), _external(snapshot)
    found = {}
    for row in snapshot.everyone:
        if row.active == 1:
            key = row.username.lower()
            others = snapshot.alias_domains_of.get(row.domain.lower(), ())
            found[key] = {
                **dict.fromkeys(("c_uid", "c_name", "mail"), row.username),
                **dict.fromkeys(_EMPTY),
                "domain": row.domain,
                "c_cn": row.name,
                "kind": row.kind,
                "multiple_bookings": row.multiple_bookings,
                "aliases": aliases.get(key, set()),
                "ad_aliases": {f"{row.local_part}@{name}".lower() for name in others},
                "ext_acl": external.get(key, set()),
            }
    return found


def _aliases(snapshot: Snapshot) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in snapshot.aliases:
        shown = row.active == 1 and row.sogo_visible == 1 and not row.address.startswith("@")
        if shown and row.address.lower() != row.goto.lower():
            for target in targets(row.goto):
                found[target].add(row.address.lower())
    return found


def _external(snapshot: Snapshot) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in snapshot.senders:
        if row.external == 1 and not row.send_as.startswith("@"):
            found[row.logged_in_as.lower()].add(row.send_as.lower())
    return found


def _differing(wanted: dict[str, Any], row: sa.RowMapping) -> list[str]:
    return [
        name for name, value in wanted.items()
        if not (_lists(value, row[name], LONGEST[name]) if name in _WORDS else _same(value, row[name]))
    ]  # fmt: skip


def _same(wanted: Any, stored: Any) -> bool:
    """Names may differ in case: the collation holds them for equal."""
    return bool(
        wanted == stored or (isinstance(wanted, str) and isinstance(stored, str) and wanted.lower() == stored.lower())
    )


def _lists(wanted: set[str], stored: str, longest: int) -> bool:
    """Whether the blank-separated text holds these addresses, each once; a text that would be too long may lack some."""
    words = (stored or "").lower().split(" ") if stored else []
    if len(words) != len(set(words)):
        return False
    whole = sum(len(word.encode()) + 1 for word in wanted) - 1 <= longest
    return set(words) == wanted if whole else set(words) < wanted


@invariant(13, "_sogo_static_view", "Delete the row and rebuild the SOGo rows: a new random password is made.")
def sogo_password(snapshot: Snapshot) -> Broken:
    """`c_password` is a salted hash nobody can guess: not of an empty password, not shared with another row."""
    query = sa.select(schema.sogo_static_view.c.c_uid, schema.sogo_static_view.c.c_password)
    rows = snapshot.rows(query)
    counts = Counter(row.c_password for row in rows)
    for row in rows:
        if counts[row.c_password] > 1 or not _unguessable(row.c_password):
            yield row.c_uid, f"The SOGo password of {row.c_uid} is a known one."


def _unguessable(stored: str) -> bool:
    scheme, brace, payload = stored.partition("}")
    if not brace or not scheme.startswith("{SSHA"):
        return False
    try:
        raw = b64decode(payload, validate=True)
    except ValueError:
        return False
    digest, salt = raw[:32], raw[32:]
    return bool(salt) and (scheme != "{SSHA256" or sha256(salt).digest() != digest)
