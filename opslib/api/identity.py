"""Who calls: a key of the contract, a named key, or a session of the console (access.md 10.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from hmac import compare_digest
from typing import Any

import sqlalchemy as sa

from opslib import apikeys, signin
from opslib.actor import Actor
from opslib.api.refusal import BAD_KEY, Refusal
from opslib.errors import ServerError, UserError
from opslib.names import list_items
from opslib.schema import api, user_acl
from opslib.schema.access import ADMIN_BITS
from opslib.schema.console import ops_api_key
from opslib.signin import audit, throttle
from opslib.site import Site
from opslib.stores.database import read, write

HEADER = "x-api-key"
COOKIE = "mailops"
CONTRACT_NAME = "API"
PREFIX = "key:"
_TOUCH = timedelta(seconds=60)
_GIVEN_BITS = frozenset(bit for bit, on in ADMIN_BITS.items() if on)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls and what the key allows; None is no limit.  `csrf` is what a session must send to change something."""

    actor: Actor
    read_only: bool = False
    resources: frozenset[str] | None = None
    verbs: frozenset[str] | None = None
    session: signin.Session | None = None
    csrf: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings along to be recognised by."""

    key: str | None
    token: str
    agent: str
    remote: str


def identify(site: Site, given: Credentials) -> Caller:
    """Who calls.

    Raises
    ------
    Refusal
        401 for nobody, a key that is none, and a key from elsewhere; 403 while a new password is due.
    """
    if given.key is not None:
        return _by_key(site, apikeys.cleaned(given.key), given.remote)
    found = signin.session(site, given.token, given.agent) if given.token else None
    if found is None:
        raise Refusal(401, BAD_KEY)
    if found.pending:
        raise Refusal(403, "API read/write access denied")
    return Caller(replace(found.actor, via="api"), session=found, csrf=csrf_of(given.token))


def csrf_of(token: str) -> str:
    """What proves that a page of the same session asks; nobody else can compute it."""
    return hashlib.sha256(f"mailops api {token}".encode()).hexdigest()


# -- keys -----------------------------------------------------------------------------------------------------------
def _by_key(site: Site, key: str, remote: str) -> Caller:
    with read(site.engine) as connection:
        rows = connection.execute(sa.select(api).where(api.c.active == 1)).mappings().all()
        named = connection.execute(_named(apikeys.digest(key))).mappings().first()
    row = None
    for candidate in rows:  # all of them, so that the time tells nothing
        row = candidate if apikeys.same(candidate["api_key"], key) else row
    if row is not None:
        return _contract(site, row, remote)
    if named is None or (named["expires"] is not None and named["expires"] <= site.now()):
        raise refused(site, remote, BAD_KEY)
    _note_use(site, named, remote)
    return _limited(named)


def _named(digest: str) -> sa.Select[Any]:
    return sa.select(ops_api_key).where(ops_api_key.c.digest == digest, ops_api_key.c.active == 1)


def _contract(site: Site, row: sa.RowMapping, remote: str) -> Caller:
    if not row["skip_ip_check"] and not apikeys.allowed(remote, list_items(row["allow_from"])):
        raise refused(site, remote, f"api access denied for ip {remote}")
    return Caller(Actor(CONTRACT_NAME, "admin", via="api"), read_only=row["access"] == "ro")


def _limited(row: sa.RowMapping) -> Caller:
    name, domains = PREFIX + row["label"], _lines(row["domains"])
    if domains is None:
        actor = Actor(name, "admin", via="api")
    else:
        bits = _GIVEN_BITS | (frozenset(user_acl.c.keys()) - frozenset(ADMIN_BITS) - {"username"})
        actor = Actor(name, "domainadmin", bits, "api", domains)
    return Caller(actor, bool(row["read_only"]), _lines(row["resources"]), _lines(row["verbs"]))


def _lines(stored: str | None) -> frozenset[str] | None:
    return frozenset(stored.split("\n")) if stored else None


def _note_use(site: Site, row: sa.RowMapping, remote: str) -> None:
    now = site.now()
    if row["used"] is not None and now - row["used"] < _TOUCH and row["used_from"] == remote:
        return
    mine = ops_api_key.c.label == row["label"]
    with write(site.engine) as connection:
        connection.execute(ops_api_key.update().where(mine).values(used=now, used_from=remote[:64]))


def refused(site: Site, remote: str, message: str) -> Refusal:
    """The refusal of a key, told to Fail2ban; a row in the UI log only as often as an address may fail to sign in."""
    try:
        throttle.attempt(site, CONTRACT_NAME, remote)
    except UserError as error:
        _publish(site, remote)
        return Refusal(401, message, Retry_After=str(error.problems[0].args[0]))
    audit.failed(site, "API_USER", remote)
    return Refusal(401, message)


def _publish(site: Site, remote: str) -> None:
    try:
        site.keyvalue.publish(audit.CHANNEL, f"mailcow UI: Invalid password for API_USER by {remote}")
    except ServerError as error:
        audit.log.error("Fail2ban was not told of a bad API key: %s", error)


def proves(caller: Caller, sent: str) -> bool:
    """Whether a session sent its own token along."""
    return bool(sent) and compare_digest(sent.encode("utf-8", "replace"), caller.csrf.encode())
