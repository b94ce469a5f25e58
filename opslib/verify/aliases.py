"""Addresses, domains and target lists of aliases (addresses.md 11.2, 20.6)."""

from __future__ import annotations

from opslib import names
from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot, targets


@invariant(6, "alias", "Set domain to the part of the address after the @.")
def alias_domain_part(snapshot: Snapshot) -> Broken:
    """`alias.domain` is the domain part of `alias.address`."""
    for row in snapshot.aliases:
        if row.domain.lower() != row.address.rpartition("@")[2].lower():
            yield row.address, f"{row.address} is filed under {row.domain}."


@invariant(6, "alias", "Give the alias a valid address.")
def alias_address(snapshot: Snapshot) -> Broken:
    """`alias.address` is an address or `@domain`."""
    for row in snapshot.aliases:
        try:
            names.alias_address(row.address)
        except names.Invalid:
            yield row.address, f"{row.address} is neither an address nor a catch-all."


@invariant(0, "alias", "Add the domain, or delete the alias.")
def alias_domain_known(snapshot: Snapshot) -> Broken:
    """The domain of every alias is a domain or an alias domain."""
    known = snapshot.domain_names | snapshot.alias_domain_names
    for row in snapshot.aliases:
        if row.domain.lower() not in known:
            yield row.address, f"{row.domain}, the domain of {row.address}, does not exist."


@invariant(6, "alias", "Write the targets as valid addresses with single commas between, or one special target alone.")
def alias_goto(snapshot: Snapshot) -> Broken:
    """`goto` is a comma list of addresses without blanks, each once, never empty; special targets stand alone."""
    for row in snapshot.aliases:
        if row.goto != row.address:
            problem = _goto_problem(row.goto)
            if problem:
                yield row.address, f"{row.address}: {problem}."


def _goto_problem(goto: str) -> str:
    """What is wrong with a target list, "" for nothing."""
    parts = goto.split(",")
    lower = [part.lower() for part in parts]
    if not all(parts):
        return "a target is empty"
    if any(character.isspace() for character in goto):
        return "a target has blanks"
    if len(set(lower)) < len(parts):
        return "a target is there twice"
    if len(parts) > 1 and not set(lower).isdisjoint(names.SPECIAL_TARGETS):
        return "a special target stands beside others"
    invalid = next((p for p in parts if p.lower() not in names.SPECIAL_TARGETS and not names.is_address(p)), "")
    return f"{invalid} is no valid address" if invalid else ""


@invariant(0, "alias", "Take the resource out of the targets: mail to a resource is discarded.", "warning")
def alias_to_resource(snapshot: Snapshot) -> Broken:
    """No alias points to a resource (addresses.md 13)."""
    for row in snapshot.aliases:
        for target in snapshot.resource_names.intersection(targets(row.goto)) if snapshot.resource_names else ():
            yield row.address, f"{row.address} points to the resource {target}."


@invariant(6, "alias", "Take the alias' own address out of its targets.")
def alias_to_itself(snapshot: Snapshot) -> Broken:
    """No alias has its own address among several targets (addresses.md 11.4)."""
    mailboxes = snapshot.usernames - snapshot.resource_names
    for row in snapshot.aliases:
        own = row.address.lower()
        if "," in row.goto and own in targets(row.goto) and own not in mailboxes:
            yield row.address, f"{row.address} is among its own targets."
