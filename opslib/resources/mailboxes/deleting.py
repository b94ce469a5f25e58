"""Deleted mailboxes: what goes with them, with images where an undo can bring it back (addresses.md 9.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib import schema
from opslib.plan import Blast, Guard, Plan, RowWrite
from opslib.resources import hashes, sender_acl
from opslib.resources.alias_targets import split_targets
from opslib.resources.mailboxes import outside, traces
from opslib.resources.rules import forget_sign_ins, refresh_sogo
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.mailboxes import Mailboxes

SOGO_PATHS = 50  # how many `LIKE '%/name/%'` one statement asks


def write(resource: Mailboxes, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Everything that goes with the mailboxes, rows first, then Redis, SOGo and the maildir."""
    names = {str(draft.key).lower() for draft in drafts}
    counts: Counter[str] = Counter()
    owners = _write_aliases(connection, plan, names, counts)
    affected = _write_sender_rights(connection, plan, owners, counts)
    _write_rows(connection, plan, names, counts)
    _write_footers(connection, plan, names)
    for table, column, what in traces.PURGED:
        counts[what] += purge(connection, plan, table, column, names, what)
    purge_sogo(connection, plan, names)
    for draft in drafts:
        plan.delete("mailbox", resource.row_key(draft), draft.raw, str(draft.key))
    counts["stored messages"] = sum(row["messages"] for row in traces.rows(connection, "quota2", "username", names))
    plan.blast += [Blast(count, what) for what, count in counts.items() if count and what]
    _around(resource, plan, drafts, affected)


# -- rows -----------------------------------------------------------------------------------------------------------
def _write_aliases(
    connection: sa.Connection, plan: Plan, names: Collection[str], counts: Counter[str]
) -> dict[str, str]:
    """Delete aliases that lead nowhere else, take the mailboxes out of the others.

    Gives {address that is gone: mailbox it goes with}, both in lower case, the mailboxes' own included.
    """
    owners = {name: name for name in names}
    touched: list[str] = []
    for row in traces.pointing(connection, names):
        targets = split_targets(row["goto"])
        left = [target for target in targets if target.lower() not in names]
        owner = next(target.lower() for target in targets if target.lower() in names)
        touched.append(row["address"])
        if left:
            counts["aliases that lose a target"] += 1
            plan.write("alias", {"id": row["id"]}, {"goto": row["goto"]}, {"goto": ",".join(left)}, owner)
        else:
            counts["aliases"] += row["address"].lower() not in names
            owners.setdefault(row["address"].lower(), owner)
            plan.delete("alias", {"id": row["id"]}, row, owner)
    plan.derive("alias_targets", *touched)
    return owners


def _write_sender_rights(
    connection: sa.Connection, plan: Plan, owners: dict[str, str], counts: Counter[str]
) -> set[str]:
    """Rights of others to send as an address that goes; gives who had them."""
    before = len(plan.writes)
    counts["rights to send as it"] += sender_acl.revoke(plan, connection, owners)
    return {w.before["logged_in_as"] for w in plan.writes[before:] if isinstance(w, RowWrite) and w.before}


def _write_rows(connection: sa.Connection, plan: Plan, names: Collection[str], counts: Counter[str]) -> None:
    for table, column, key, what in traces.KEPT:
        planned = {tuple(w.key.values()) for w in plan.writes if isinstance(w, RowWrite) and w.table == table}
        for row in traces.rows(connection, table, column, names):
            place = {part: row[part] for part in key}
            if tuple(place.values()) not in planned:
                plan.delete(table, place, row, row[column].lower())
                counts[what] += 1


def _write_footers(connection: sa.Connection, plan: Plan, names: Collection[str]) -> None:
    for row in traces.footers(connection, names):
        before = row["mbox_exclude"]
        gone = [str(entry).lower() for entry in before if str(entry).lower() in names]
        after = [entry for entry in before if str(entry).lower() not in names]
        key = {"domain": row["domain"]}
        plan.write("domain_wide_footer", key, {"mbox_exclude": before}, {"mbox_exclude": after}, gone[0])


# -- rows without a way back ----------------------------------------------------------------------------------------
def purge(
    connection: sa.Connection, plan: Plan, name: str, column: str, values: Collection[str], what: str = ""
) -> int:
    """Plan to delete rows without images; gives how many stand now."""
    count = traces.count(connection, name, column, values)
    if count:
        plan.purge(name, column, sorted(values))
        plan.final.append(f"{count} {what or f'rows of {name}'}")
    return count


def purge_sogo(connection: sa.Connection, plan: Plan, names: Collection[str]) -> None:
    """Plan to delete SOGo's profile, folders, cards and appointments of the mailboxes."""
    folders = [row["c_folder_id"] for row in traces.rows(connection, "sogo_folder_info", "c_path2", names)]
    for table in ("sogo_store", "sogo_quick_contact", "sogo_quick_appointment"):
        plan.purge(table, "c_folder_id", folders)
    purge(connection, plan, "sogo_folder_info", "c_path2", names, "calendars and address books")
    purge(connection, plan, "sogo_user_profile", "c_uid", names, "SOGo profiles")
    for table in ("sogo_cache_folder", "sogo_acl"):
        purge(connection, plan, table, "c_uid", names)
    shared = schema.sogo_acl.c.c_object
    for chunk in chunks(sorted(names), SOGO_PATHS):
        paths = sa.or_(*(shared.contains(f"/{name}/", autoescape=True) for name in chunk))
        plan.purge("sogo_acl", "c_object", connection.scalars(sa.select(shared).where(paths).distinct()))


# -- around ---------------------------------------------------------------------------------------------------------
def _around(resource: Mailboxes, plan: Plan, drafts: Sequence[Draft], affected: Collection[str]) -> None:
    usernames = [draft.key for draft in drafts]
    domains = tuple(sorted({draft.raw["domain"] for draft in drafts}))
    plan.domains |= set(domains)
    plan.lock("lock_domains", *domains)
    for name in ("domains_exist", "mailboxes_fit", "quotas_fit"):
        plan.undo_guards.append(Guard(name, domains))
    for name in ("addresses_unique", "mailboxes_unshadowed", "transports_exist"):
        plan.undo_guards.append(Guard(name, tuple(usernames)))
    for key, what in outside.HASHES.items():
        stored = outside.stored(resource.site, key, usernames)
        hashes.move(plan, key, {name: (value, None) for name, value in stored.items()}, what)
    refresh_sogo(plan, resource.site, [*usernames, *affected])
    for draft in drafts:
        path = f"{draft.raw['domain']}/{draft.raw['local_part']}"
        label = f"Move the mail store of {draft.key} to the garbage"
        plan.effect("host", "maildir_cleanup", label, subject=draft.key, path=path)
    forget_sign_ins(plan, usernames)
