"""Changed mailboxes: rules and writes (addresses.md 9.3, 9.7)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib import registry
from opslib.errors import UserError
from opslib.fields import MIB, json_text
from opslib.plan import Guard, Plan, Row
from opslib.resources import sender_acl, tags
from opslib.resources.mailboxes import outside
from opslib.resources.mailboxes.choices import BITS, LOCAL, PROTOCOLS
from opslib.resources.rules import CHUNK, Room, forget_sign_ins, refresh_sogo, rooms
from opslib.schema import alias, mailbox, relayhosts, user_acl
from opslib.site import Site
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.mailboxes import Mailboxes

NEEDED = ("quota", "active", "authsource", "quarantine_notification", "quarantine_category", "tagged_mail_handler")
SOGO_READS = ("active", "full_name", "extended_sender_acl")
CACHED = ("active", "password", "authsource", "quota", *(f"{protocol}_access" for protocol in PROTOCOLS))


# -- rules ----------------------------------------------------------------------------------------------------------
def check(resource: Mailboxes, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Judge changed mailboxes, together per domain."""
    for draft in drafts:
        _settle(resource, draft)
        _check_source(plan, draft)
    keep_withheld(resource, [(d, d.before.get("acl") or ()) for d in drafts if "acl" in d.values])
    sized = [d for d in drafts if d.values.get("quota") is not None]
    if sized:
        _check_quotas(resource, sized, rooms(connection, {d.raw["domain"] for d in sized}))


def keep_withheld(resource: Mailboxes, drafts: Sequence[tuple[Draft, Sequence[str]]]) -> None:
    """A domain administrator changes no right that he lacks himself where both have that bit: each draft keeps those of
    its present rights (addresses.md 9.9)."""
    if resource.actor.is_admin or not drafts:
        return
    withheld = resource.ops.withheld()
    for draft, present in drafts:
        chosen = (set(draft.values["acl"]) - withheld) | (set(present) & withheld)
        draft.values["acl"] = tuple(bit for bit in BITS if bit in chosen)


def _settle(resource: Mailboxes, draft: Draft) -> None:
    """Give what was left empty its meaning; an empty choice has none."""
    given = draft.values
    for name in NEEDED:
        if name in given and given[name] in (None, ""):
            draft.fail("field_needed", resource.record.fields()[name].label, field=name)
    if given.get("relayhost") == "":
        given["relayhost"] = "0"
    if given.get("full_name") == "":
        given["full_name"] = str(draft.key).partition("@")[0]
    if "tags" in given:
        given["tags"] = tags.unique(given["tags"])
    if "custom_attributes" in given:
        given["custom_attributes"] = _custom(draft, given["custom_attributes"])


def _custom(draft: Draft, given: Mapping[str, str]) -> dict[str, str]:
    """Names without blanks, as footers can use them (addresses.md 9.8)."""
    found = {re.sub(r"\s", "", name): value for name, value in given.items()}
    text = "".join([*found, *found.values()])
    if "" in found or len(found) < len(given) or any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
        draft.fail("custom_attribute_invalid", field="custom_attributes")
    return found


def _check_source(plan: Plan, draft: Draft) -> None:
    """Passwords of others than `mailcow` are kept elsewhere."""
    if draft.after("authsource") == LOCAL:
        if "authsource" in draft.values and not (draft.raw["password"] or draft.values.get("password")):
            plan.warn("password_missing", str(draft.key), field="password")
        return
    for name, label in (
        ("password", "Password"),
        ("recovery_email", "Recovery address"),
        ("force_pw_update", "Must change password"),
    ):
        if draft.values.get(name):
            draft.fail("field_read_only", label, field=name)
    if "authsource" in draft.values and draft.before["force_pw_update"]:
        draft.values["force_pw_update"] = False


def _check_quotas(resource: Mailboxes, drafts: Sequence[Draft], known: Mapping[str, Room]) -> None:
    """Only a quota that grows is judged, so an over-committed domain can still be worked on."""
    grown: Counter[str] = Counter()
    for draft in sorted(drafts, key=lambda d: d.values["quota"] - d.before["quota"]):
        room, new, old = known.get(draft.raw["domain"]), draft.values["quota"], draft.before["quota"]
        if new == 0 and not resource.actor.may("unlimited_quota"):
            draft.fail("unlimited_quota_acl", field="quota")
        if room is not None and new > old:
            left = room.quota_left - grown[room.name] + old
            if new > room.max_quota:
                draft.fail("mailbox_quota_exceeded", room.max_quota // MIB, field="quota")
            if new > left:
                draft.fail("mailbox_quota_left_exceeded", max(left, 0) // MIB, field="quota")
        if draft.ok:
            grown[draft.raw["domain"]] += new - old


# -- writes ---------------------------------------------------------------------------------------------------------
def write(resource: Mailboxes, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Rows, mirrors and effects of changed mailboxes."""
    for draft in drafts:
        _write_row(resource, plan, draft)
    _mirror_active(connection, plan, [d for d in drafts if "active" in d.values])
    _write_bits(connection, plan, [d for d in drafts if "acl" in d.values])
    _write_tags(plan, [d for d in drafts if "tags" in d.values])
    for draft in drafts:
        sender_acl.write(plan, draft)
    outside.write_scores(plan, connection, drafts)
    outside.write_hashes(resource.site, plan, drafts)
    _around(resource, plan, drafts)


def _write_row(resource: Mailboxes, plan: Plan, draft: Draft) -> None:
    after, attributes = resource.plain(draft.values), draft.raw["attributes"] or {}
    if draft.values.get("password"):
        after["password"] = draft.values["password"]
        after["attributes.passwd_update"] = f"{resource.site.wall():%Y-%m-%d %H:%M:%S}"
    if "attributes.recovery_email" in after:
        after["attributes.recovery_email"] = after["attributes.recovery_email"] or None
    if after and attributes.get("attribute_hash"):
        after["attributes.attribute_hash"] = ""  # the identity provider's template is to be applied again
    before: Row = {}
    for name in after:
        base, _, key = name.partition(".")
        before[name] = attributes.get(key) if key else draft.raw[base]
    plan.write("mailbox", resource.row_key(draft), before, after, draft.key)


def _mirror_active(connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """The self row has the mailbox's state, else mail is taken by a catch-all or refused (addresses.md 20.2)."""
    wanted = {str(draft.key).lower(): draft.values["active"] for draft in drafts}
    for chunk in chunks(list(wanted), CHUNK):
        query = sa.select(alias.c.address, alias.c.active).where(alias.c.address.in_(chunk))
        for address, active in connection.execute(query):
            key = address.lower()
            plan.write("alias", {"address": address}, {"active": active}, {"active": wanted[key]}, key)


def _write_bits(connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    wanted = {str(draft.key).lower(): {bit: int(bit in draft.values["acl"]) for bit in BITS} for draft in drafts}
    missing = dict(wanted)
    for chunk in chunks(list(wanted), CHUNK):
        for row in connection.execute(sa.select(user_acl).where(user_acl.c.username.in_(chunk))).mappings():
            key = row["username"].lower()
            del missing[key]
            plan.write("user_acl", {"username": row["username"]}, {b: row[b] for b in BITS}, wanted[key], key)
    for key, bits in missing.items():
        plan.insert("user_acl", {"username": key}, bits, key)


def _write_tags(plan: Plan, drafts: Sequence[Draft]) -> None:
    """First all that go, then all that come: neighbours of one kind share statements."""
    for draft in drafts:
        kept = set(draft.before["tags"]) & set(draft.values["tags"])
        tags.write(plan, "tags_mailbox", "username", draft.raw["username"], draft.before["tags"], kept)
    for draft in drafts:
        kept = set(draft.before["tags"]) & set(draft.values["tags"])
        tags.write(plan, "tags_mailbox", "username", draft.raw["username"], kept, draft.values["tags"])


def _around(resource: Mailboxes, plan: Plan, drafts: Sequence[Draft]) -> None:
    plan.domains |= {draft.raw["domain"] for draft in drafts}
    sized = [d for d in drafts if "quota" in d.values]
    raised = sorted({d.raw["domain"] for d in sized if d.values["quota"] > d.before["quota"]})
    lowered = sorted({d.raw["domain"] for d in sized if d.values["quota"] < d.before["quota"]})
    if sized:
        plan.lock("lock_domains", *sorted({*raised, *lowered}))
    if raised:
        plan.guard("quotas_fit", *raised)
    if lowered:
        plan.undo_guards.append(Guard("quotas_fit", tuple(lowered)))
    routed = [draft.key for draft in drafts if "relayhost" in draft.values]
    if routed:
        plan.guard("transports_exist", *routed)
        plan.undo_guards.append(Guard("transports_exist", tuple(routed)))
    refresh_sogo(plan, resource.site, [d.key for d in drafts if d.changes(*SOGO_READS)])
    forget_sign_ins(plan, [draft.key for draft in drafts if draft.changes(*CACHED)])


@registry.guard
def transports_exist(connection: sa.Connection, site: Site, *usernames: str) -> None:
    """After the writes the mailboxes send through transports that are there."""
    known = {str(key) for key in connection.scalars(sa.select(relayhosts.c.id))} | {"0", ""}
    chosen = json_text(mailbox.c.attributes, "relayhost")
    for chunk in chunks(list(usernames), CHUNK):
        for used in connection.scalars(sa.select(chosen).where(mailbox.c.username.in_(chunk)).distinct()):
            if used is not None and used not in known:
                raise UserError("relayhost_invalid", used, field="relayhost")
