"""A mailbox under another name in the same domain (addresses.md 9.5), with what the original forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib import names, schema
from opslib.errors import Denied, UserError
from opslib.fields import Flag, Text
from opslib.plan import Effect, Plan, Row
from opslib.record import Record
from opslib.resources import hashes
from opslib.resources.mailboxes.deleting import HASHES, pointing
from opslib.resources.rules import domain_part, forget_sign_ins, holders, refresh_sogo, taken
from opslib.stores.database import read

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.mailboxes import Mailboxes

# table, column, columns that identify the row
REPLACED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("tags_mailbox", "username", ("tag_name", "username")),
    ("sieve_filters", "username", ("id",)),
    ("app_passwd", "mailbox", ("id",)),
    ("user_acl", "username", ("username",)),
    ("quota2", "username", ("username",)),
    ("quota2replica", "username", ("username",)),
    ("pushover", "username", ("username",)),
    ("imapsync", "user2", ("id",)),
    ("bcc_maps", "local_dest", ("id",)),
    ("bcc_maps", "bcc_dest", ("id",)),
    ("recipient_maps", "old_dest", ("id",)),
    ("recipient_maps", "new_dest", ("id",)),
    ("sender_acl", "logged_in_as", ("id",)),
    ("sender_acl", "send_as", ("id",)),
    ("spamalias", "goto", ("address",)),
    ("filterconf", "object", ("prefid",)),
    ("quarantine", "rcpt", ("id",)),
    ("tfa", "username", ("id",)),
    ("oauth_access_tokens", "user_id", ("access_token",)),
    ("oauth_refresh_tokens", "user_id", ("refresh_token",)),
    ("oauth_authorization_codes", "user_id", ("authorization_code",)),
    ("reset_password", "username", ("token", "created")),
    ("sasl_log", "username", ("service", "real_rip", "username")),
)


class Rename(Record):
    """What a rename asks for."""

    new_local_part = Text(label="New local part", doc="What stands before the @ from now on.", required=True, length=64)
    keep_alias = Flag(True, label="Keep the old address", doc="Mail for the old address is delivered to the new one.")


def rename(resource: Mailboxes, key: str, new_local_part: str, keep_alias: bool) -> Plan:
    """Plan that renames one mailbox.

    Raises
    ------
    UserError
        When the new name is malformed or taken.
    """
    plan = resource.plan("rename", f"Rename mailbox {key}")
    draft = resource.current([key], ()).get(key)
    if draft is None:
        raise Denied()
    old, domain = draft.raw["username"], draft.raw["domain"]
    new = _new_name(new_local_part, domain)
    with read(resource.site.engine) as connection:
        _check(connection, old, new)
        plan.label = f"Rename mailbox {old} to {new}"
        _write(connection, plan, draft, old, new, keep_alias)
    _around(resource, plan, old, new)
    plan.succeed("mailbox_renamed", old, new, subject=old)
    plan.change(old, "username", old, new)
    return plan


def _new_name(local_part: str, domain: str) -> str:
    try:
        return names.address(f"{names.mailbox_local_part(local_part)}@{domain}")
    except names.Invalid as error:
        raise UserError(str(error), error.item or local_part, field="new_local_part") from None


def _check(connection: sa.Connection, old: str, new: str) -> None:
    if new == old:
        raise UserError("nothing_to_change", field="new_local_part")
    holder = holders(connection, [new]).get(new)
    if holder is not None:
        raise UserError.of([taken(holder, new, "new_local_part")])


def _write(connection: sa.Connection, plan: Plan, draft: Draft, old: str, new: str, keep_alias: bool) -> None:
    before = {"username": old, "local_part": draft.raw["local_part"]}
    plan.write("mailbox", {"username": old}, before, {"username": new, "local_part": new.partition("@")[0]}, old)
    targets = _write_aliases(connection, plan, old, new)
    for table, column, key in REPLACED:
        _replace(connection, plan, table, column, key, old, new)
    _write_footers(connection, plan, old, new)
    if keep_alias:
        row: Row = {"goto": new, "domain": domain_part(old), "sogo_visible": 1, "sender_allowed": 1, "active": 1}
        plan.insert("alias", {"address": old}, {**row, "private_comment": f"{old} became {new}"}, old)
    plan.derive("alias_targets", *targets, old, new)


def _write_aliases(connection: sa.Connection, plan: Plan, old: str, new: str) -> list[str]:
    """Replace the name in every list of targets; the self row gets a new address too."""
    touched = []
    for row in pointing(connection, {old.lower()}):
        goto = ",".join(new if target.lower() == old.lower() else target for target in row["goto"].split(","))
        own = row["address"].lower() == old.lower()
        before: Row = {"goto": row["goto"], **({"address": row["address"]} if own else {})}
        plan.write("alias", {"id": row["id"]}, before, {"goto": goto, **({"address": new} if own else {})}, old)
        touched.append(new if own else row["address"])
    return touched


def _replace(
    connection: sa.Connection, plan: Plan, name: str, column: str, key: tuple[str, ...], old: str, new: str
) -> None:
    table = schema.metadata.tables[name]
    query = sa.select(*(table.c[part] for part in dict.fromkeys([*key, column]))).where(table.c[column] == old)
    for row in connection.execute(query).mappings():
        plan.write(name, {part: row[part] for part in key}, {column: row[column]}, {column: new}, old)


def _write_footers(connection: sa.Connection, plan: Plan, old: str, new: str) -> None:
    table = schema.domain_wide_footer
    row = connection.execute(sa.select(table).where(table.c.domain == domain_part(old))).mappings().first()
    excluded: list[Any] = (row["mbox_exclude"] or []) if row else []
    if row is not None and old in excluded:
        after = [new if entry == old else entry for entry in excluded]
        plan.write(table.name, {"domain": row["domain"]}, {"mbox_exclude": excluded}, {"mbox_exclude": after}, old)


def _around(resource: Mailboxes, plan: Plan, old: str, new: str) -> None:
    plan.domains.add(domain_part(old))
    plan.lock("lock_domains", domain_part(old))
    plan.guard("addresses_unique", old, new)
    plan.undo_guards += plan.guards
    for key in HASHES:
        value = resource.site.keyvalue.hget(key, old)
        if value is not None:
            hashes.move(plan, key, {old: (value, None), new: (None, value)}, key)
    refresh_sogo(plan, resource.site, [old, new])
    domain, local = domain_part(old), old.partition("@")[0]
    _move(
        plan, "maildir_move", f"{domain}/{local}", f"{domain}/{new.partition('@')[0]}", f"Move the mail store of {old}"
    )
    _move(plan, "sogo_rename", old, new, f"Rename {old} in SOGo")
    _move(plan, "imap_acl_rename", old, new, f"Carry over the shared folders of {old}")
    forget_sign_ins(plan, [old])


def _move(plan: Plan, verb: str, old: str, new: str, label: str) -> None:
    back = Effect("host", verb, {"old": new, "new": old}, f"{label} (back)")
    plan.effect("host", verb, label, undo=back, old=old, new=new)
