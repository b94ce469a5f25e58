"""New mailboxes: rules and writes (addresses.md 9.2, 20.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib import names
from opslib.fields import MIB
from opslib.plan import Plan, Row
from opslib.resources.mailboxes import outside, values
from opslib.resources.mailboxes.record import BITS, PROTOCOLS
from opslib.resources.rules import Room, holders, refresh_sogo, rooms, taken
from opslib.schema import quota2, quota2replica
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.mailboxes import Mailboxes

FLAGS = (
    "force_pw_update",
    "force_tfa",
    "tls_enforce_in",
    "tls_enforce_out",
    "sogo_access",
    *(f"{protocol}_access" for protocol in PROTOCOLS),
)


# -- rules ----------------------------------------------------------------------------------------------------------
def check(resource: Mailboxes, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """Judge new mailboxes, together: what one takes is gone for the next."""
    for draft in drafts:
        _name(draft)
    known = rooms(connection, {str(d.values["domain"]) for d in drafts if d.values.get("domain")})
    reach = resource.ops.reach()
    named = [d for d in drafts if d.values.get("username")]
    occupied = holders(connection, [d.values["username"] for d in named])
    seen: Counter[str] = Counter()
    for draft in named:
        address, domain = draft.values["username"], draft.values["domain"]
        seen[address] += 1
        if reach is not None and domain not in reach:
            draft.fail("access_denied", field="domain")
        elif domain not in known:
            draft.fail("domain_not_found", domain, field="domain")
        if address in occupied:
            draft.problems.append(taken(occupied[address], address, "local_part"))
        elif seen[address] > 1:
            draft.fail("object_exists", address, field="local_part")
    _fit(resource, [d for d in named if d.ok], known)


def _name(draft: Draft) -> None:
    local, domain = draft.values.get("local_part"), draft.values.get("domain")
    if not local or not domain:
        return
    try:
        draft.values["local_part"] = names.mailbox_local_part(local)
        draft.values["username"] = draft.key = names.address(f"{draft.values['local_part']}@{domain}")
    except names.Invalid as error:
        draft.fail(str(error), error.item or local, field="local_part")
        return
    draft.values["full_name"] = draft.values.get("full_name") or draft.values["local_part"]
    if draft.values.get("authsource") != "mailcow":
        draft.values["force_pw_update"] = False


def _fit(resource: Mailboxes, drafts: Sequence[Draft], known: Mapping[str, Room]) -> None:
    taken_boxes: Counter[str] = Counter()
    taken_bytes: Counter[str] = Counter()
    for draft in drafts:
        room = known[draft.values["domain"]]
        if draft.values.get("quota") is None:
            draft.values["quota"] = values.quota_for(room)
        quota = draft.values["quota"]
        if quota == 0 and not resource.actor.may("unlimited_quota"):
            draft.fail("unlimited_quota_acl", field="quota")
        if room.mailboxes + taken_boxes[room.name] >= room.max_mailboxes:
            draft.fail(
                "max_mailbox_exceeded", room.mailboxes + taken_boxes[room.name], room.max_mailboxes, field="domain"
            )
        if quota > room.max_quota:
            draft.fail("mailbox_quota_exceeded", room.max_quota // MIB, field="quota")
        left = room.quota_left - taken_bytes[room.name]
        if quota > left:
            draft.fail("mailbox_quota_left_exceeded", max(left, 0) // MIB, field="quota")
        if draft.ok:
            taken_boxes[room.name] += 1
            taken_bytes[room.name] += quota


# -- writes ---------------------------------------------------------------------------------------------------------
def write(resource: Mailboxes, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Every row a mailbox needs (addresses.md 20.1); leftover usage rows of an earlier mailbox are reset."""
    wall = resource.site.wall()
    for draft in drafts:
        plan.insert("mailbox", {"username": draft.key}, _row(draft, wall), draft.key)
    for table in (quota2, quota2replica):
        _usage(connection, plan, table, [draft.key for draft in drafts])
    for draft in drafts:
        active, domain = draft.values["active"], draft.values["domain"]
        self_row = {"goto": draft.key, "domain": domain, "active": active}
        plan.insert("alias", {"address": draft.key}, self_row, draft.key)
    for draft in drafts:
        bits = {bit: int(bit in draft.values["acl"]) for bit in BITS}
        plan.insert("user_acl", {"username": draft.key}, bits, draft.key)
    for draft in drafts:
        for tag in draft.values.get("tags") or ():
            plan.insert("tags_mailbox", {"tag_name": tag, "username": draft.key}, {}, draft.key)
    outside.write_scores(plan, connection, [d for d in drafts if d.values.get("spam_score")])
    outside.write_outside(plan, drafts)
    _around(resource, plan, drafts)


def _around(resource: Mailboxes, plan: Plan, drafts: Sequence[Draft]) -> None:
    domains = sorted({draft.values["domain"] for draft in drafts})
    plan.domains |= set(domains)
    plan.lock("lock_domains", *domains)
    plan.guard("domains_exist", *domains)
    plan.guard("addresses_unique", *(draft.key for draft in drafts))
    plan.guard("mailboxes_fit", *domains)
    plan.guard("quotas_fit", *sorted({draft.values["domain"] for draft in drafts if draft.values["quota"]}))
    plan.derive("alias_targets", *(draft.key for draft in drafts))
    refresh_sogo(plan, resource.site, [draft.key for draft in drafts])


def _row(draft: Draft, wall: datetime) -> Row:
    given = draft.values
    attributes = {name: str(int(bool(given[name]))) for name in FLAGS}
    attributes |= {
        "relayhost": given["relayhost"],
        "passwd_update": f"{wall:%Y-%m-%d %H:%M:%S}",
        "mailbox_format": "maildir:",
        "quarantine_notification": given["quarantine_notification"],
        "quarantine_category": given["quarantine_category"],
        "attribute_hash": "",
    }
    return {
        "password": draft.values.get("password") or "",
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
    for chunk in chunks(usernames, 1000):
        rows = connection.execute(sa.select(table).where(table.c.username.in_(chunk))).mappings()
        left_over.update({row["username"].lower(): dict(row) for row in rows})
    for username in usernames:
        old = left_over.get(username)
        if old is None:
            plan.insert(table.name, {"username": username}, {"bytes": 0, "messages": 0}, username)
        else:
            before = {"bytes": old["bytes"], "messages": old["messages"]}
            plan.write(table.name, {"username": old["username"]}, before, {"bytes": 0, "messages": 0}, username)
