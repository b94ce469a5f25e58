"""Does the whole site keep the contract?  One small function per invariant of addresses.md chapter 20, and a few more."""

from __future__ import annotations

from opslib.site import Site
from opslib.stores.database import read
from opslib.verify import (
    addresses,
    aliases,
    attributes,
    filters,
    keyvalue,
    limits,
    mailboxes,
    orphans,
    own,
    policies,
    relays,
    sogo,
)
from opslib.verify.invariant import INVARIANTS, Finding, Invariant
from opslib.verify.snapshot import Snapshot

CHECKS = (mailboxes, attributes, addresses, aliases, filters, relays, limits, keyvalue, sogo, policies, orphans, own)

__all__ = ["INVARIANTS", "Finding", "Invariant", "verify"]


def verify(site: Site) -> list[Finding]:
    """Everything on the site that breaks an invariant, in the order of `INVARIANTS`.

    Reads each table once, in one transaction; changes nothing.
    """
    with read(site.engine) as connection:
        if connection.dialect.name != "sqlite":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        snapshot = Snapshot(site, connection)
        return [finding for rule in INVARIANTS.values() for finding in rule.findings(snapshot)]
