"""Relay domains, alias domains and relay hosts (addresses.md 20.8, 20.9)."""

from __future__ import annotations

from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot


@invariant(8, "domain", "Switch the missing flags on, or the narrower one off.")
def relay_flags(snapshot: Snapshot) -> Broken:
    """`relay_unknown_only` needs `relay_all_recipients`, which needs `backupmx`."""
    for row in snapshot.domains:
        if row.relay_unknown_only > row.relay_all_recipients or row.relay_all_recipients > row.backupmx:
            flags = f"backupmx {row.backupmx}, all {row.relay_all_recipients}, unknown only {row.relay_unknown_only}"
            yield row.domain, f"{row.domain} has {flags}."


@invariant(8, "alias_domain", "Give the alias domain an existing target, or delete it.")
def alias_domain_target(snapshot: Snapshot) -> Broken:
    """The target of an alias domain is a domain."""
    for row in snapshot.alias_domains:
        target = row.target_domain.lower()
        if target not in snapshot.domain_names and target not in snapshot.alias_domain_names:
            yield row.alias_domain, f"{row.target_domain}, the target of {row.alias_domain}, does not exist."


@invariant(8, "alias_domain", "Point it to the domain at the end of the chain.")
def alias_domain_chain(snapshot: Snapshot) -> Broken:
    """The target of an alias domain is no alias domain itself."""
    for row in snapshot.alias_domains:
        if row.target_domain.lower() in snapshot.alias_domain_names - snapshot.domain_names:
            yield row.alias_domain, f"{row.target_domain}, the target of {row.alias_domain}, is an alias domain."


@invariant(8, "alias_domain", "Delete the alias domain, or let its target receive mail itself.")
def alias_domain_relay(snapshot: Snapshot) -> Broken:
    """The target of an alias domain is no relay domain."""
    relays = {row.domain.lower() for row in snapshot.domains if row.backupmx}
    for row in snapshot.alias_domains:
        if row.target_domain.lower() in relays:
            yield row.alias_domain, f"{row.target_domain}, the target of {row.alias_domain}, is a relay domain."


@invariant(9, "domain", "Set relayhost to 0 or to a relay host that exists.")
def domain_relayhost(snapshot: Snapshot) -> Broken:
    """`domain.relayhost` names a relay host that exists, or 0."""
    for row in snapshot.domains:
        if str(row.relayhost) not in snapshot.relayhosts:
            yield row.domain, f"{row.domain} sends through relay host {row.relayhost}, which does not exist."


@invariant(9, "mailbox", "Set relayhost in attributes to 0 or to a relay host that exists.")
def mailbox_relayhost(snapshot: Snapshot) -> Broken:
    """`relayhost` in the attributes of a mailbox names a relay host that exists, or 0."""
    for name, found in snapshot.attributes.items():
        relayhost = found.get("relayhost") if isinstance(found, dict) else None
        if isinstance(relayhost, str) and relayhost.isdecimal() and relayhost not in snapshot.relayhosts:
            yield name, f"{name} sends through relay host {relayhost}, which does not exist."
