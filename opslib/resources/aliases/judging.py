"""Rules for aliases, new and changed (addresses.md 11.2-11.4, 20.5, 20.6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib import names, registry
from opslib.errors import UserError
from opslib.plan import Plan
from opslib.resources.aliases.loops import loops
from opslib.resources.rules import domain_part, holders, rooms
from opslib.schema import alias, alias_domain, domain, mailbox
from opslib.site import Site
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft

CHUNK = 1000
Reach = frozenset[str] | None


# -- what is asked of every alias -----------------------------------------------------------------------------------
def check(connection: sa.Connection, reach: Reach, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Judge drafts together: what one takes is gone for the next.  New drafts have no `before`."""
    for draft in drafts:
        _settle_targets(draft)
    placed = [d for d in drafts if d.values.get("address") and _moves(d)]
    _check_domains(connection, reach, placed)
    _check_free(connection, [d for d in placed if d.ok])
    _check_targets(connection, [d for d in drafts if d.ok and d.changes("goto", "address")])
    _check_room(connection, [d for d in placed if d.ok])
    _warn_of_loops(connection, plan, [d for d in drafts if d.ok and d.changes("goto", "address")])


def _moves(draft: Draft) -> bool:
    """Whether the address is another one, not merely written in another case."""
    return str(draft.before.get("address", "")).lower() != str(draft.values["address"]).lower()


def _settle_targets(draft: Draft) -> None:
    """Let the choice of a special target and the list of targets say one thing."""
    special, goto = draft.values.pop("special", None), draft.values.get("goto")
    if any(problem.field == "goto" for problem in draft.problems):
        return
    if special:
        if goto and goto != (special,):
            draft.fail("goto_special", field="goto")
        draft.values["goto"] = (special,)
    after = draft.after("goto") or ()
    left = special == "" and not goto and after and after[0] in names.SPECIAL_TARGETS
    if left or (not after and ("goto" in draft.values or not draft.before)):
        draft.fail("goto_empty", field="goto")
    if draft.before and draft.values.get("goto") == draft.before.get("goto"):
        draft.values.pop("goto", None)


# -- address --------------------------------------------------------------------------------------------------------
def _check_domains(connection: sa.Connection, reach: Reach, drafts: Sequence[Draft]) -> None:
    """The domain is in the actor's reach, which is judged first so that nothing is told about other domains."""
    known = hosted(connection, {domain_part(d.values["address"]) for d in drafts})
    for draft in drafts:
        name = domain_part(draft.values["address"])
        if reach is not None and name not in reach:
            draft.fail("access_denied", field="address")
        elif name not in known:
            draft.fail("domain_not_found", name, field="address")
        draft.values["domain"] = name


def hosted(connection: sa.Connection, wanted: Collection[str]) -> dict[str, str]:
    """Domain that answers for each of the names that is a domain or an alias domain: itself, or the target."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(wanted), CHUNK):
        through = sa.select(alias_domain.c.alias_domain, alias_domain.c.target_domain)
        for name, target in connection.execute(through.where(alias_domain.c.alias_domain.in_(chunk))):
            found[name] = target
        own = connection.execute(sa.select(domain.c.domain).where(domain.c.domain.in_(chunk))).scalars()
        found.update({name: name for name in own})
    return found


def _check_free(connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    occupied = holders(connection, [d.values["address"] for d in drafts])
    seen: Counter[str] = Counter()
    for draft in drafts:
        address = draft.values["address"]
        seen[address.lower()] += 1
        holder = occupied.get(address.lower())
        if holder == "temporary alias":
            draft.fail("is_spam_alias", address, field="address")
        elif holder or seen[address.lower()] > 1:
            draft.fail("is_alias_or_mailbox", address, field="address")


def _check_room(connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """A domain has room for its own aliases and those of its alias domains together (addresses.md 6)."""
    owners = hosted(connection, {domain_part(a) for d in drafts for a in _ends(d)})
    known = rooms(connection, set(owners.values()))
    added: Counter[str] = Counter()
    for draft in drafts:
        new = owners[domain_part(draft.values["address"])]
        old = owners.get(domain_part(draft.before["address"])) if draft.before else None
        if new == old or new not in known:
            continue
        if known[new].aliases + added[new] >= known[new].max_aliases:
            draft.fail("max_alias_exceeded", field="address")
        else:
            added[new] += 1


def _ends(draft: Draft) -> list[str]:
    return [draft.values["address"], *([draft.before["address"]] if draft.before else [])]


# -- targets --------------------------------------------------------------------------------------------------------
def _check_targets(connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    resources = _resources(connection, {t for d in drafts for t in d.after("goto")})
    for draft in drafts:
        for target in draft.after("goto"):
            if target.lower() == draft.after("address").lower():
                draft.fail("alias_goto_identical", field="goto")
            elif target.lower() in resources:
                draft.fail("goto_invalid", target, field="goto")


def _resources(connection: sa.Connection, addresses: Collection[str]) -> set[str]:
    """Those of the addresses that are resources: Postfix discards their mail."""
    found: set[str] = set()
    for chunk in chunks(sorted(addresses), CHUNK):
        query = sa.select(mailbox.c.username).where(mailbox.c.username.in_(chunk), mailbox.c.kind != "")
        found |= {name.lower() for name in connection.execute(query).scalars()}
    return found


def _warn_of_loops(connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    planned = {draft.after("address"): draft.after("goto") for draft in drafts if draft.after("active")}
    for address, way in loops(connection, planned).items():
        plan.warn("alias_loop", address, " → ".join(way), field="goto")


# -- inside the transaction -----------------------------------------------------------------------------------------
@registry.guard
def aliases_shadow_none(connection: sa.Connection, site: Site, *addresses: str) -> None:
    """After the writes none of these aliases is user@alias_domain of a mailbox, whose mail it would take."""
    through = mailbox.c.local_part + "@" + alias_domain.c.alias_domain
    pairs = mailbox.join(alias_domain, alias_domain.c.target_domain == mailbox.c.domain)
    for chunk in chunks(list(addresses), CHUNK):
        query = (
            sa.select(alias.c.address)
            .select_from(pairs.join(alias, alias.c.address == through))
            .where(
                mailbox.c.kind == "",
                alias_domain.c.alias_domain.in_({domain_part(address) for address in chunk}),
                mailbox.c.local_part.in_({address.rpartition("@")[0] for address in chunk}),
                alias.c.address.in_(chunk),
            )
        )
        clash = connection.execute(query).scalars().first()
        if clash is not None:
            raise UserError("is_alias_or_mailbox", clash, field="address")
