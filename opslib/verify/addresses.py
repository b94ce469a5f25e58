"""Every address and domain name stands once (addresses.md 20.4, 20.5)."""

from __future__ import annotations

from collections.abc import Iterator

from opslib import names
from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot


def _spelled(name: str) -> bool:
    try:
        return names.domain(name) == name
    except names.Invalid:
        return False


@invariant(4, "domain", "Rename the domain to its lower-case ASCII form in every table and key.")
def domain_spelling(snapshot: Snapshot) -> Broken:
    """Names of domains are lower-case ASCII (punycode)."""
    for row in snapshot.domains:
        if not _spelled(row.domain):
            yield row.domain, f"{row.domain} is no domain name in lower-case ASCII form."


@invariant(4, "alias_domain", "Rename the alias domain to its lower-case ASCII form in every table and key.")
def alias_domain_spelling(snapshot: Snapshot) -> Broken:
    """Names of alias domains are lower-case ASCII (punycode)."""
    for row in snapshot.alias_domains:
        if not _spelled(row.alias_domain):
            yield row.alias_domain, f"{row.alias_domain} is no domain name in lower-case ASCII form."


@invariant(5, "domain", "Delete one of the two.")
def domain_twice(snapshot: Snapshot) -> Broken:
    """No name is a domain and an alias domain at once."""
    for name in sorted(snapshot.domain_names & snapshot.alias_domain_names):
        yield name, f"{name} is a domain and an alias domain."


def _holders(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """(address, what holds it); a self row holds nothing beside its mailbox."""
    for row in snapshot.everyone:
        yield row.username.lower(), "resource" if row.kind else "mailbox"
    mailboxes = snapshot.usernames - snapshot.resource_names
    for row in snapshot.aliases:
        if row.address.lower() not in mailboxes:
            yield row.address.lower(), "alias"
    for row in snapshot.temporary:
        yield row.address.lower(), "temporary alias"


@invariant(5, "alias", "Rename or delete all but one.")
def address_twice(snapshot: Snapshot) -> Broken:
    """An address stands once over mailboxes, resources, aliases and temporary aliases."""
    first: dict[str, str] = {}
    for address, holder in _holders(snapshot):
        if address in first:
            yield address, f"{address} is a {first[address]} and a {holder}."
        first.setdefault(address, holder)


@invariant(5, "alias", "Delete the alias, or give it another address.")
def address_shadows_mailbox(snapshot: Snapshot) -> Broken:
    """No alias or temporary alias stands where user@alias_domain delivers to an existing mailbox."""
    targets = {row.alias_domain.lower(): row.target_domain.lower() for row in snapshot.alias_domains}
    mailboxes = snapshot.usernames - snapshot.resource_names
    for row in (*snapshot.aliases, *snapshot.temporary):
        local, _, domain = row.address.lower().rpartition("@")
        mailbox = f"{local}@{targets.get(domain, '')}"
        if domain in targets and mailbox in mailboxes:
            yield row.address, f"{row.address} hides the mailbox {mailbox}, which its alias domain leads to."
