"""A mailbox under another name in the same domain (addresses.md 9.5), with what the original forgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib import names
from opslib.errors import Denied, UserError
from opslib.fields import Flag, Text
from opslib.plan import Effect, Plan, Row
from opslib.record import Record
from opslib.resources import hashes
from opslib.resources.alias_targets import split_targets
from opslib.resources.mailboxes import naming, outside, traces
from opslib.resources.rules import domain_part, forget_sign_ins, refresh_sogo, rooms
from opslib.stores.database import read

if TYPE_CHECKING:
    from opslib.resources.mailboxes import Mailboxes


class Rename(Record):
    """What a rename asks for."""

    new_local_part = Text(label="New local part", doc="What stands before the @ from now on.", required=True, length=64)
    keep_alias = Flag(True, label="Keep the old address", doc="Mail for the old address is delivered to the new one.")


@dataclass(frozen=True, slots=True)
class Move:
    """Old and new address, and whether the old one stays as an alias."""

    old: str
    new: str
    keep: bool

    @property
    def domain(self) -> str:
        return domain_part(self.new)

    @property
    def paths(self) -> tuple[str, str]:
        """Mail stores, old and new."""
        return f"{self.domain}/{self.old.rpartition('@')[0]}", f"{self.domain}/{self.new.rpartition('@')[0]}"


def rename(resource: Mailboxes, key: str, new_local_part: str, keep_alias: bool) -> Plan:
    """Plan that renames one mailbox.

    Raises
    ------
    Denied
        When the mailbox is out of reach, or off.
    UserError
        When the new name is malformed or taken, or the domain has no room for the alias.
    """
    plan = resource.plan("rename", "")
    draft = resource.current([key], ()).get(key)
    if draft is None or draft.raw["active"] not in (1, 2):
        raise Denied(field=resource.key)
    old, new = draft.raw["username"], _new_name(new_local_part, draft.raw["domain"])
    move = Move(old, new, keep_alias and new != old.lower())
    plan.label = f"Rename mailbox {move.old} to {move.new}"
    with read(resource.site.engine) as connection:
        _check(connection, move)
        affected = _write(connection, plan, move)
    _around(resource, plan, move, affected)
    plan.succeed("mailbox_renamed", move.old, move.new, subject=move.old)
    plan.change(move.old, "username", move.old, move.new)
    return plan


# -- rules ----------------------------------------------------------------------------------------------------------
def _new_name(local_part: str, domain: str) -> str:
    try:
        return naming.address(local_part, domain)
    except names.Invalid as error:
        raise UserError(str(error), error.item or local_part, field="new_local_part") from None


def _check(connection: sa.Connection, move: Move) -> None:
    if move.new == move.old:
        raise UserError("nothing_to_change", field="new_local_part")
    if move.new != move.old.lower():
        for problem in naming.occupied(connection, [move.new]).values():
            raise UserError(problem.key, *problem.args, field="new_local_part")
    room = rooms(connection, [move.domain]).get(move.domain)
    if move.keep and room is not None and room.aliases >= room.max_aliases:
        raise UserError("max_alias_exceeded", field="keep_alias")


# -- rows -----------------------------------------------------------------------------------------------------------
def _write(connection: sa.Connection, plan: Plan, move: Move) -> set[str]:
    """Every row that names the mailbox; gives the mailboxes whose SOGo rows change."""
    parts = ("username", "local_part")
    before, after = (dict(zip(parts, (name, name.rpartition("@")[0]), strict=True)) for name in (move.old, move.new))
    plan.write("mailbox", {"username": move.old}, before, after, move.old)
    touched = _write_aliases(connection, plan, move)
    for table, column in traces.RENAMED:
        _replace(connection, plan, table, column, move)
    _write_footers(connection, plan, move)
    if move.keep:
        row: Row = {"goto": move.new, "domain": move.domain, "sogo_visible": 1, "sender_allowed": 1, "active": 1}
        plan.insert(
            "alias", {"address": move.old}, {**row, "private_comment": f"{move.old} became {move.new}"}, move.old
        )
    plan.derive("alias_targets", *touched, move.old, move.new)
    senders = traces.rows(connection, "sender_acl", "send_as", [move.old])
    return {move.old, move.new, *(row["logged_in_as"] for row in senders if row["external"])}


def _write_aliases(connection: sa.Connection, plan: Plan, move: Move) -> list[str]:
    """Replace the name in every list of targets; the self row gets a new address too."""
    touched = []
    for row in traces.pointing(connection, {move.old.lower()}):
        targets = (move.new if part.lower() == move.old.lower() else part for part in split_targets(row["goto"]))
        before, after = {"goto": row["goto"]}, {"goto": ",".join(split_targets(",".join(targets)))}
        if row["address"].lower() == move.old.lower():
            before["address"], after["address"] = row["address"], move.new
        plan.write("alias", {"id": row["id"]}, before, after, move.old)
        touched.append(str(after.get("address", row["address"])))
    return touched


def _replace(connection: sa.Connection, plan: Plan, name: str, column: str, move: Move) -> None:
    """One write for all rows of the name, so that no token becomes a key in the journal, and an undo takes along what was
    added under the new name.  Rows left over from an earlier mailbox of the new name go for good."""
    if name in traces.UNIQUE and move.new != move.old.lower() and traces.count(connection, name, column, [move.new]):
        plan.purge(name, column, [move.new])
    if traces.count(connection, name, column, [move.old]):
        plan.write(name, {column: move.old}, {column: move.old}, {column: move.new}, move.old)


def _write_footers(connection: sa.Connection, plan: Plan, move: Move) -> None:
    """Mail from the old address, while it is an alias, still goes without the footer."""
    for row in traces.footers(connection, {move.old.lower()}):
        before = row["mbox_exclude"]
        after = [move.new if str(entry).lower() == move.old.lower() else entry for entry in before]
        after += [move.old] if move.keep else []
        key = {"domain": row["domain"]}
        plan.write("domain_wide_footer", key, {"mbox_exclude": before}, {"mbox_exclude": after}, move.old)


# -- around ---------------------------------------------------------------------------------------------------------
def _around(resource: Mailboxes, plan: Plan, move: Move, affected: set[str]) -> None:
    plan.domains.add(move.domain)
    plan.lock("lock_domains", move.domain)
    plan.guard("addresses_unique", move.old, move.new)
    plan.guard("mailboxes_unshadowed", move.old, move.new)
    plan.undo_guards += plan.guards
    if move.keep:
        plan.guard("aliases_fit", move.domain)
    for key, what in outside.HASHES.items():
        stored = outside.stored(resource.site, key, [move.old, move.new])
        hashes.move(
            plan, key, {move.old: (stored[move.old], None), move.new: (stored[move.new], stored[move.old])}, what
        )
    refresh_sogo(plan, resource.site, affected)
    _carry(plan, "maildir_move", *move.paths, f"Move the mail store of {move.old}")
    if resource.site.sogo:
        _carry(plan, "sogo_rename", move.old, move.new, f"Rename {move.old} in SOGo")
    _carry(plan, "imap_acl_rename", move.old, move.new, f"Carry over the shared folders of {move.old}")
    forget_sign_ins(plan, [move.old])


def _carry(plan: Plan, verb: str, old: str, new: str, label: str) -> None:
    back = Effect("host", verb, {"old": new, "new": old}, f"{label} (back)")
    plan.effect("host", verb, label, undo=back, old=old, new=new)
