"""Deleted mailboxes: what goes with them, with images where an undo can bring it back (addresses.md 9.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib import schema
from opslib.plan import Blast, Guard, Plan, Row, RowWrite
from opslib.resources import hashes
from opslib.resources.mailboxes import outside
from opslib.resources.rules import domain_part, forget_sign_ins, refresh_sogo
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.mailboxes import Mailboxes

# table, column that names the mailbox, columns that identify the row, what people call it
KEPT: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("tags_mailbox", "username", ("tag_name", "username"), ""),
    ("sieve_filters", "username", ("id",), "filters"),
    ("app_passwd", "mailbox", ("id",), "app passwords"),
    ("user_acl", "username", ("username",), ""),
    ("quota2", "username", ("username",), ""),
    ("quota2replica", "username", ("username",), ""),
    ("pushover", "username", ("username",), "Pushover settings"),
    ("sender_acl", "logged_in_as", ("id",), "sender rights"),
    ("spamalias", "goto", ("address",), "temporary aliases"),
    ("imapsync", "user2", ("id",), "sync jobs"),
    ("filterconf", "object", ("prefid",), "allow and deny entries and scores"),
    ("bcc_maps", "local_dest", ("id",), "BCC maps"),
    ("bcc_maps", "bcc_dest", ("id",), "BCC maps that copy to it"),
    ("recipient_maps", "old_dest", ("id",), "recipient maps"),
    ("recipient_maps", "new_dest", ("id",), "recipient maps to it"),
)

# gone without images: quarantined mail, tokens, second factors, SOGo's data
PURGED: tuple[tuple[str, str, str], ...] = (
    ("quarantine", "rcpt", "quarantined mails"),
    ("reset_password", "username", ""),
    ("tfa", "username", "second factors"),
    ("fido2", "username", "passkeys"),
    ("oauth_access_tokens", "user_id", ""),
    ("oauth_refresh_tokens", "user_id", ""),
    ("oauth_authorization_codes", "user_id", ""),
)

HASHES = (outside.LIMITS, *outside.HANDLERS.values(), "Q_LAST_NOTIFIED")


def write(resource: Mailboxes, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Everything that goes with the mailboxes, rows first, then Redis, SOGo and the maildir."""
    names = {draft.key: draft for draft in drafts}
    plan.domains |= {domain_part(name) for name in names}
    counts: Counter[str] = Counter()
    removed = _write_aliases(connection, plan, set(names), counts)
    for table, column, key, what in KEPT:
        counts[what] += _delete_rows(connection, plan, table, column, key, names)
    _delete_sender_rights(connection, plan, removed | set(names), set(names))
    _write_footers(connection, plan, set(names))
    for table, column, what in PURGED:
        counts[what] += purge(connection, plan, table, column, names)
    purge_sogo(connection, plan, names)
    for draft in drafts:
        plan.delete("mailbox", {"username": draft.raw["username"]}, draft.raw, draft.key)
    plan.blast += [Blast(n, what) for what, n in counts.items() if n and what]
    plan.blast.append(Blast(sum(d.before.get("messages") or 0 for d in drafts), "stored messages"))
    _around(resource, plan, drafts)


# -- aliases --------------------------------------------------------------------------------------------------------
def pointing(connection: sa.Connection, names: Collection[str]) -> Iterator[Row]:
    """Alias rows that have any of the mailboxes among their targets, by exact membership."""
    query = sa.select(schema.alias)
    if len(names) <= 20:
        query = query.where(sa.or_(*(schema.alias.c.goto.contains(name, autoescape=True) for name in names)))
    for row in connection.execute(query).mappings():
        if any(target.lower() in names for target in row["goto"].split(",")):
            yield dict(row)


def _write_aliases(connection: sa.Connection, plan: Plan, names: set[str], counts: Counter[str]) -> set[str]:
    """Delete aliases that lead nowhere else, take the mailboxes out of the others; addresses of the deleted ones."""
    removed: set[str] = set()
    touched: list[str] = []
    for row in pointing(connection, names):
        left = [target for target in row["goto"].split(",") if target.lower() not in names]
        gone = [target.lower() for target in row["goto"].split(",") if target.lower() in names]
        touched.append(row["address"])
        if left:
            counts["aliases that lose a target"] += 1
            plan.write("alias", {"id": row["id"]}, {"goto": row["goto"]}, {"goto": ",".join(left)}, gone[0])
            continue
        counts["aliases"] += row["address"].lower() not in names
        removed.add(row["address"].lower())
        plan.delete("alias", {"id": row["id"]}, row, gone[0])
    plan.derive("alias_targets", *touched)
    return removed - names


def _delete_sender_rights(connection: sa.Connection, plan: Plan, sent_as: set[str], names: set[str]) -> None:
    """Rights of others to send as an address that goes."""
    table = schema.sender_acl
    for chunk in chunks(sorted(sent_as), 1000):
        for row in connection.execute(sa.select(table).where(table.c.send_as.in_(chunk))).mappings():
            if row["logged_in_as"].lower() not in names:
                subject = row["send_as"].lower() if row["send_as"].lower() in names else next(iter(names))
                plan.delete("sender_acl", {"id": row["id"]}, dict(row), subject)


# -- rows -----------------------------------------------------------------------------------------------------------
def _delete_rows(
    connection: sa.Connection, plan: Plan, name: str, column: str, key: tuple[str, ...], names: Iterable[str]
) -> int:
    table = schema.metadata.tables[name]
    planned = {w.key[key[0]] for w in plan.writes if isinstance(w, RowWrite) and w.table == name}
    count = 0
    for chunk in chunks(list(names), 1000):
        for row in connection.execute(sa.select(table).where(table.c[column].in_(chunk))).mappings():
            if len(key) > 1 or row[key[0]] not in planned:
                plan.delete(name, {part: row[part] for part in key}, dict(row), row[column].lower())
                count += 1
    return count


def purge(connection: sa.Connection, plan: Plan, name: str, column: str, names: Iterable[str]) -> int:
    """Plan to delete rows without images; gives how many stand now."""
    table = schema.metadata.tables[name]
    count = 0
    for chunk in chunks(list(names), 1000):
        query = sa.select(sa.func.count()).select_from(table).where(table.c[column].in_(chunk))
        count += int(connection.execute(query).scalar_one())
    if count:
        plan.purge(name, column, names)
        plan.final.append(f"{count} rows of {name}")
    return count


def purge_sogo(connection: sa.Connection, plan: Plan, names: Iterable[str]) -> None:
    """Plan to delete SOGo's profile, folders, cards and appointments of the mailboxes."""
    wanted = list(names)
    folders = schema.sogo_folder_info
    query = sa.select(folders.c.c_folder_id)
    ids = [
        i
        for chunk in chunks(wanted, 500)
        for i in connection.execute(query.where(folders.c.c_path2.in_(chunk))).scalars()
    ]
    for table in ("sogo_store", "sogo_quick_contact", "sogo_quick_appointment"):
        plan.purge(table, "c_folder_id", ids)
    purge(connection, plan, "sogo_folder_info", "c_path2", wanted)
    for table in ("sogo_user_profile", "sogo_cache_folder", "sogo_acl"):
        purge(connection, plan, table, "c_uid", wanted)
    shared = schema.sogo_acl
    for chunk in chunks(wanted, 50):
        paths = sa.or_(*(shared.c.c_object.contains(f"/{name}/", autoescape=True) for name in chunk))
        plan.purge(
            "sogo_acl", "c_object", connection.execute(sa.select(shared.c.c_object).where(paths).distinct()).scalars()
        )


def _write_footers(connection: sa.Connection, plan: Plan, names: set[str]) -> None:
    """Take the mailboxes out of the footers' exceptions."""
    table = schema.domain_wide_footer
    domains = {domain_part(name) for name in names}
    rows = [
        r
        for c in chunks(sorted(domains), 1000)
        for r in connection.execute(sa.select(table).where(table.c.domain.in_(c))).mappings()
    ]
    for row in rows:
        excluded = row["mbox_exclude"] or []
        left = [entry for entry in excluded if str(entry).lower() not in names]
        if left != excluded:
            subject = next(str(entry).lower() for entry in excluded if str(entry).lower() in names)
            plan.write(
                table.name, {"domain": row["domain"]}, {"mbox_exclude": excluded}, {"mbox_exclude": left}, subject
            )


# -- around ---------------------------------------------------------------------------------------------------------
def _around(resource: Mailboxes, plan: Plan, drafts: Sequence[Draft]) -> None:
    names = [draft.key for draft in drafts]
    for key in HASHES:
        stored = dict(zip(names, resource.site.keyvalue.hmget(key, names), strict=True))
        hashes.move(plan, key, {name: (value, None) for name, value in stored.items()}, key)
    plan.undo_guards += _undo_guards(drafts)
    refresh_sogo(plan, resource.site, names)
    for draft in drafts:
        path = f"{draft.raw['domain']}/{draft.raw['local_part']}"
        label = f"Move the mail store of {draft.key} to the garbage"
        plan.effect("host", "maildir_cleanup", label, subject=draft.key, path=path)
    forget_sign_ins(plan, names)


def _undo_guards(drafts: Sequence[Draft]) -> list[Guard]:
    domains = tuple(sorted({draft.raw["domain"] for draft in drafts}))
    addresses = tuple(draft.key for draft in drafts)
    return [Guard("domains_exist", domains), Guard("addresses_unique", addresses), Guard("mailboxes_fit", domains)]
