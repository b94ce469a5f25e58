"""New mailboxes: rules and writes (addresses.md 9.2, 20.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib import names
from opslib.fields import MIB
from opslib.plan import Guard, Plan, Row
from opslib.resources import tags
from opslib.resources.mailboxes import naming, outside, values
from opslib.resources.mailboxes.choices import BITS, LOCAL
from opslib.resources.rules import CHUNK, Room, refresh_sogo, rooms
from opslib.schema import quota2, quota2replica
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.mailboxes import Mailboxes


# -- rules ----------------------------------------------------------------------------------------------------------
def check(resource: Mailboxes, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """Judge new mailboxes, together: what one takes is gone for the next."""
    for draft in drafts:
        _settle(draft)
    reach = resource.ops.reach()
    within = []
    for draft in (d for d in drafts if d.values.get("username")):
        if reach is None or draft.values["domain"] in reach:
            within.append(draft)
        else:  # nothing more is told about other people's domains
            draft.fail("access_denied", field="domain")
    known = rooms(connection, {d.values["domain"] for d in within})
    _check_free(connection, within, known)
    _fit(resource, [d for d in within if d.ok], known)


def _settle(draft: Draft) -> None:
    given = draft.values
    if not given.get("local_part") or not given.get("domain"):
        return
    try:
        given["username"] = draft.key = naming.address(given["local_part"], given["domain"])
    except names.Invalid as error:
        draft.fail(str(error), error.item or given["local_part"], field="local_part")
        return
    given["local_part"] = given["username"].partition("@")[0]
    given["full_name"] = given.get("full_name") or given["local_part"]
    given["tags"] = tags.unique(given.get("tags") or ())
    if given.get("authsource") != LOCAL:
        given |= {"password": None, "force_pw_update": False}
        given["force_tfa"] = bool(given.get("force_tfa")) and given.get("authsource") != "generic-oidc"


def _check_free(connection: sa.Connection, drafts: Sequence[Draft], known: Mapping[str, Room]) -> None:
    occupied = naming.occupied(connection, [d.key for d in drafts])
    seen: Counter[str] = Counter()
    for draft in drafts:
        seen[draft.key] += 1
        if draft.values["domain"] not in known:
            draft.fail("domain_not_found", draft.values["domain"], field="domain")
        if draft.key in occupied:
            draft.problems.append(occupied[draft.key])
        elif seen[draft.key] > 1:
            draft.fail("object_exists", draft.key, field="local_part")


def _fit(resource: Mailboxes, drafts: Sequence[Draft], known: Mapping[str, Room]) -> None:
    boxes: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for draft in drafts:
        room = known[draft.values["domain"]]
        count, left = room.mailboxes + boxes[room.name], room.quota_left - size[room.name]
        if draft.values.get("quota") is None:
            draft.values["quota"] = values.quota_for(room, left)
        quota = draft.values["quota"]
        if quota == 0 and not resource.actor.may("unlimited_quota"):
            draft.fail("unlimited_quota_acl", field="quota")
        if count >= room.max_mailboxes:
            draft.fail("max_mailbox_exceeded", count, room.max_mailboxes, field="domain")
        if quota > room.max_quota:
            draft.fail("mailbox_quota_exceeded", room.max_quota // MIB, field="quota")
        if quota > left and quota:
            draft.fail("mailbox_quota_left_exceeded", max(left, 0) // MIB, field="quota")
        if draft.ok:
            boxes[room.name] += 1
            size[room.name] += quota


# -- writes ---------------------------------------------------------------------------------------------------------
def write(resource: Mailboxes, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Every row a mailbox needs (addresses.md 20.1); leftover usage rows of an earlier mailbox are reset."""
    wall = resource.site.wall()
    for draft in drafts:
        plan.insert("mailbox", {"username": draft.key}, _row(draft, wall), draft.key)
    for table in (quota2, quota2replica):
        _usage(connection, plan, table, [draft.key for draft in drafts])
    for draft in drafts:
        self_row = {"goto": draft.key, "domain": draft.values["domain"], "active": draft.values["active"]}
        plan.insert("alias", {"address": draft.key}, self_row, draft.key)
    for draft in drafts:
        bits = {bit: int(bit in draft.values["acl"]) for bit in BITS}
        plan.insert("user_acl", {"username": draft.key}, bits, draft.key)
    for draft in drafts:
        tags.write(plan, "tags_mailbox", "username", draft.key, (), draft.values["tags"])
    outside.write_scores(plan, connection, drafts)
    outside.write_hashes(resource.site, plan, drafts)
    _around(resource, plan, drafts)


def _around(resource: Mailboxes, plan: Plan, drafts: Sequence[Draft]) -> None:
    usernames = [draft.key for draft in drafts]
    domains = sorted({draft.values["domain"] for draft in drafts})
    plan.domains |= set(domains)
    plan.lock("lock_domains", *domains)
    plan.guard("domains_exist", *domains)
    plan.guard("addresses_unique", *usernames)
    plan.guard("mailboxes_unshadowed", *usernames)
    plan.guard("mailboxes_fit", *domains)
    plan.guard("quotas_fit", *sorted({draft.values["domain"] for draft in drafts if draft.values["quota"]}))
    plan.undo_guards.append(Guard("mailboxes_unused", tuple(usernames)))
    plan.derive("alias_targets", *usernames)
    refresh_sogo(plan, resource.site, usernames)


def _row(draft: Draft, wall: datetime) -> Row:
    given = draft.values
    attributes = {name: str(int(bool(given[name]))) for name in values.FLAGS}
    attributes |= {
        "relayhost": given["relayhost"],
        "passwd_update": f"{wall:%Y-%m-%d %H:%M:%S}",
        "mailbox_format": "maildir:",
        "quarantine_notification": given["quarantine_notification"],
        "quarantine_category": given["quarantine_category"],
        "attribute_hash": "",
    }
    return {
        "password": given.get("password") or "",
        "name": given["full_name"],
        "mailbox_path_prefix": "/var/vmail/",
        "quota": given["quota"],
        "local_part": given["local_part"],
        "domain": given["domain"],
        "attributes": attributes,
        "custom_attributes": {},
        "kind": "",
        "multiple_bookings": -1,
        "authsource": given["authsource"],
        "active": given["active"],
    }


def _usage(connection: sa.Connection, plan: Plan, table: sa.Table, usernames: list[str]) -> None:
    left_over: dict[str, Row] = {}
    for chunk in chunks(usernames, CHUNK):
        rows = connection.execute(sa.select(table).where(table.c.username.in_(chunk))).mappings()
        left_over.update({row["username"].lower(): dict(row) for row in rows})
    fresh: Row = {"bytes": 0, "messages": 0}
    for username in usernames:
        old = left_over.get(username)
        if old is None:
            plan.insert(table.name, {"username": username}, fresh, username)
        else:
            plan.write(table.name, {"username": old["username"]}, {name: old[name] for name in fresh}, fresh, username)
