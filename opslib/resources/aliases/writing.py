"""Writes of aliases, and what follows from them: sender rights, the index of targets, SOGo (addresses.md 11.3-11.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.plan import Blast, Guard, Plan
from opslib.resources import sender_acl
from opslib.resources.aliases.judging import hosted
from opslib.resources.rules import domain_part, refresh_sogo, rooms

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.aliases import Aliases

RIGHTS = ("address", "goto", "sender_allowed")
SOGO_READS = ("address", "goto", "active", "sogo_visible")


def insert(resource: Aliases, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """New rows."""
    for draft in drafts:
        columns = resource.plain(draft.values)
        plan.insert("alias", {"address": columns.pop("address")}, columns, str(draft.key))
    addresses = [draft.values["address"] for draft in drafts]
    plan.domains |= {domain_part(address) for address in addresses}
    plan.derive("alias_targets", *addresses)
    refresh_sogo(plan, resource.site, (target.lower() for d in drafts for target in d.values["goto"]))
    _settle_places(connection, plan, drafts)


def _settle_places(connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Check uniqueness and room again inside the transaction, one writer of a domain at a time."""
    if not drafts:
        return
    addresses = [draft.values["address"] for draft in drafts]
    owners = hosted(connection, {domain_part(end) for draft in drafts for end in _ends(draft)})
    plan.lock("lock_domains", *sorted(set(owners.values())))
    plan.guard("addresses_unique", *addresses)
    plan.guard("aliases_shadow_none", *addresses)
    entered = set()
    for draft in drafts:
        places = {owners.get(domain_part(end)) for end in _ends(draft)}
        if not draft.before or len(places) > 1:
            entered.add(owners[domain_part(draft.values["address"])])
    if entered:
        plan.guard("aliases_fit", *sorted(entered))


def _ends(draft: Draft) -> list[str]:
    """Address before and after."""
    return list(dict.fromkeys([*([draft.before["address"]] if draft.before else []), draft.after("address")]))


def update(resource: Aliases, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Changed rows; a right to send as the alias that a target mailbox had of its own ends with the change."""
    for draft in drafts:
        resource.write_plain(plan, draft)
    _revoke_changed(connection, plan, drafts)
    plan.domains |= {domain_part(end) for draft in drafts for end in _ends(draft)}
    aimed = [draft for draft in drafts if "goto" in draft.values]
    if aimed:
        plan.derive("alias_targets", *(end for draft in aimed for end in _ends(draft)))
    seen = [draft for draft in drafts if draft.changes(*SOGO_READS)]
    refresh_sogo(plan, resource.site, (t.lower() for d in seen for t in (*d.before["goto"], *d.after("goto"))))
    moved = [draft for draft in drafts if "address" in draft.values]
    _settle_places(connection, plan, moved)
    _guard_undo(connection, plan, [draft.before["address"] for draft in moved])


def _guard_undo(connection: sa.Connection, plan: Plan, addresses: Sequence[str]) -> None:
    """An undo brings these addresses back: they must still be free then, and have room where there was room before."""
    if not addresses:
        return
    owners = set(hosted(connection, {domain_part(address) for address in addresses}).values())
    roomy = sorted(r.name for r in rooms(connection, owners).values() if r.aliases <= r.max_aliases)
    plan.undo_guards.append(Guard("addresses_unique", tuple(addresses)))
    plan.undo_guards.append(Guard("aliases_shadow_none", tuple(addresses)))
    plan.undo_guards.append(Guard("aliases_fit", tuple(roomy)))


def _revoke_changed(connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    changed = [d for d in drafts if d.changes(*RIGHTS)]
    gone = {d.before["address"].lower(): str(d.key) for d in changed if _leaves(d)}
    sender_acl.revoke(plan, connection, gone)
    pairs = {(t.lower(), d.after("address").lower()): str(d.key) for d in changed for t in d.after("goto")}
    sender_acl.revoke_pairs(plan, connection, {pair: key for pair, key in pairs.items() if pair[1] not in gone})


def _leaves(draft: Draft) -> bool:
    return bool(draft.before["address"].lower() != draft.after("address").lower())


def remove(resource: Aliases, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Deleted rows, and every right to send as them."""
    for draft in drafts:
        plan.delete("alias", {"id": draft.raw["id"]}, draft.raw, str(draft.key))
    addresses = {draft.before["address"].lower(): str(draft.key) for draft in drafts}
    rights = sender_acl.revoke(plan, connection, addresses)
    plan.blast.append(Blast(rights, "sender rights"))
    plan.domains |= {domain_part(address) for address in addresses}
    plan.derive("alias_targets", *addresses)
    refresh_sogo(plan, resource.site, (target.lower() for d in drafts for target in d.before["goto"]))
    _guard_undo(connection, plan, list(addresses))
