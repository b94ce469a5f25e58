"""Changed mailboxes: rules and writes (addresses.md 9.3, 9.7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.fields import MIB
from opslib.plan import Plan
from opslib.resources import sender_acl
from opslib.resources.mailboxes import outside
from opslib.resources.mailboxes.record import BITS, PROTOCOLS
from opslib.resources.rules import Room, domain_part, forget_sign_ins, refresh_sogo, rooms
from opslib.schema import alias, user_acl
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.mailboxes import Mailboxes

SOGO_READS = ("active", "full_name", "extended_sender_acl")
SIGN_IN_READS = ("active", "password", "authsource", *(f"{protocol}_access" for protocol in PROTOCOLS))


# -- rules ----------------------------------------------------------------------------------------------------------
def check(resource: Mailboxes, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """Judge changed mailboxes, together per domain."""
    for draft in drafts:
        _check_source(draft)
        if draft.values.get("full_name") == "":
            draft.values["full_name"] = draft.before["username"].partition("@")[0]
    _check_rights(resource, connection, [d for d in drafts if "acl" in d.values])
    sized = [d for d in drafts if "quota" in d.values]
    if sized:
        _check_quotas(resource, sized, rooms(connection, {domain_part(d.key) for d in sized}))


def _check_source(draft: Draft) -> None:
    local = draft.after("authsource") == "mailcow"
    if draft.values.get("password") and not local:
        draft.fail("field_read_only", "Password", field="password")
    if draft.values.get("recovery_email") and not local:
        draft.fail("field_read_only", "Recovery address", field="recovery_email")
    if not local and draft.values.get("force_pw_update"):
        draft.fail("field_read_only", "Must change password", field="force_pw_update")


def _check_rights(resource: Mailboxes, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """A domain administrator gives no right that he lacks himself where both have that bit (addresses.md 9.9)."""
    if resource.actor.is_admin:
        return
    withheld = resource.ops.withheld()
    for draft in drafts:
        kept = set(draft.before.get("acl") or ()) & withheld
        chosen = (set(draft.values["acl"]) - withheld) | kept
        draft.values["acl"] = tuple(bit for bit in BITS if bit in chosen)


def _check_quotas(resource: Mailboxes, drafts: Sequence[Draft], known: Mapping[str, Room]) -> None:
    """Only a quota that grows is judged, so an over-committed domain can still be worked on."""
    grown: dict[str, int] = defaultdict(int)
    for draft in sorted(drafts, key=lambda d: d.values["quota"] - d.before["quota"]):
        room, new, old = known.get(domain_part(draft.key)), draft.values["quota"], draft.before["quota"]
        if new == 0 and old != 0 and not resource.actor.may("unlimited_quota"):
            draft.fail("unlimited_quota_acl", field="quota")
        if room is None or (new <= old and old != 0):
            grown[domain_part(draft.key)] += new - old
            continue
        if new > room.max_quota:
            draft.fail("mailbox_quota_exceeded", room.max_quota // MIB, field="quota")
        left = room.quota_left - grown[room.name] + old
        if new > left:
            draft.fail("mailbox_quota_left_exceeded", max(left, 0) // MIB, field="quota")
        if draft.ok:
            grown[room.name] += new - old


# -- writes ---------------------------------------------------------------------------------------------------------
def write(resource: Mailboxes, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Rows, mirrors and effects of changed mailboxes."""
    for draft in drafts:
        _write_row(resource, plan, draft)
    _mirror_active(connection, plan, [d for d in drafts if "active" in d.values])
    _write_bits(connection, plan, [d for d in drafts if "acl" in d.values])
    for draft in drafts:
        _write_tags(plan, draft)
        sender_acl.write(plan, draft)
    outside.write_scores(plan, connection, drafts)
    outside.write_outside(plan, drafts)
    _around(resource, plan, drafts)


def _write_row(resource: Mailboxes, plan: Plan, draft: Draft) -> None:
    after = resource.plain(draft.values)
    raw = draft.raw
    before = {}
    for name in after:
        base, _, key = name.partition(".")
        before[name] = (raw[base] or {}).get(key) if key else raw[base]
    if draft.values.get("password"):
        before["password"], after["password"] = raw["password"], draft.values["password"]
        before["attributes.passwd_update"] = (raw["attributes"] or {}).get("passwd_update")
        after["attributes.passwd_update"] = f"{resource.site.wall():%Y-%m-%d %H:%M:%S}"
    if "attributes.recovery_email" in after:
        after["attributes.recovery_email"] = after["attributes.recovery_email"] or None
    plan.write("mailbox", {"username": raw["username"]}, before, after, draft.key)


def _mirror_active(connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """The self row has the mailbox's state, else mail is taken by a catch-all or refused (addresses.md 20.2)."""
    wanted = {draft.key: draft.values["active"] for draft in drafts}
    for chunk in chunks(list(wanted), 1000):
        query = sa.select(alias.c.address, alias.c.active).where(alias.c.address.in_(chunk))
        for address, active in connection.execute(query):
            key = address.lower()
            plan.write("alias", {"address": address}, {"active": active}, {"active": wanted[key]}, key)


def _write_bits(connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    wanted = {draft.key: {bit: int(bit in draft.values["acl"]) for bit in BITS} for draft in drafts}
    there: set[str] = set()
    for chunk in chunks(list(wanted), 1000):
        for row in connection.execute(sa.select(user_acl).where(user_acl.c.username.in_(chunk))).mappings():
            key = row["username"].lower()
            there.add(key)
            plan.write("user_acl", {"username": row["username"]}, {b: row[b] for b in BITS}, wanted[key], key)
    for key, bits in wanted.items():
        if key not in there:
            plan.insert("user_acl", {"username": key}, bits, key)


def _write_tags(plan: Plan, draft: Draft) -> None:
    if "tags" not in draft.values:
        return
    old, new = set(draft.before["tags"]), set(draft.values["tags"])
    for tag in sorted(old - new):
        key = {"tag_name": tag, "username": draft.raw["username"]}
        plan.delete("tags_mailbox", key, dict(key), draft.key)
    for tag in sorted(new - old):
        plan.insert("tags_mailbox", {"tag_name": tag, "username": draft.raw["username"]}, {}, draft.key)


def _around(resource: Mailboxes, plan: Plan, drafts: Sequence[Draft]) -> None:
    plan.domains |= {domain_part(draft.key) for draft in drafts}
    raised = {domain_part(d.key) for d in drafts if "quota" in d.values and d.values["quota"] > d.before["quota"]}
    if raised:
        plan.lock("lock_domains", *sorted(raised))
        plan.guard("quotas_fit", *sorted(raised))
    refresh_sogo(plan, resource.site, [d.key for d in drafts if d.changes(*SOGO_READS)])
    forget_sign_ins(plan, [draft.key for draft in drafts if draft.changes(*SIGN_IN_READS)])
