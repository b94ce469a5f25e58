"""Limits of domains and what is used of them (addresses.md 6, 20.10).  Domain limits are MiB, mailbox quotas bytes."""

from __future__ import annotations

from collections import Counter

from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot

MIB = 1 << 20


@invariant(10, "domain", "Raise the larger limit or lower the smaller one.")
def quota_order(snapshot: Snapshot) -> Broken:
    """defquota ≤ maxquota ≤ quota."""
    for row in snapshot.domains:
        if not row.defquota <= row.maxquota <= row.quota:
            limits = f"default {row.defquota}, largest {row.maxquota}, domain {row.quota} MiB"
            yield row.domain, f"Quotas of {row.domain} are out of order: {limits}."


@invariant(10, "domain", "Set defquota and maxquota above 0.")
def quota_positive(snapshot: Snapshot) -> Broken:
    """defquota and maxquota are above 0."""
    for row in snapshot.domains:
        if row.defquota <= 0 or row.maxquota <= 0:
            yield row.domain, f"{row.domain} has a default or largest mailbox quota of 0."


@invariant(10, "domain", "Raise the domain's quota, or lower quotas of mailboxes.", "warning")
def quota_sum(snapshot: Snapshot) -> Broken:
    """Quotas of a domain's mailboxes add up to no more than its own."""
    allotted: Counter[str] = Counter()
    for row in snapshot.mailboxes:
        allotted[row.domain.lower()] += row.quota
    for row in snapshot.domains:
        if allotted[row.domain.lower()] > row.quota * MIB:
            used = allotted[row.domain.lower()] // MIB
            yield row.domain, f"Mailboxes of {row.domain} were allotted {used} MiB of {row.quota} MiB."


@invariant(10, "mailbox", "Lower the mailbox' quota, or raise the domain's largest one.", "warning")
def quota_largest(snapshot: Snapshot) -> Broken:
    """No mailbox has a quota above its domain's maxquota."""
    largest = {row.domain.lower(): row.maxquota * MIB for row in snapshot.domains}
    for row in snapshot.mailboxes:
        most = largest.get(row.domain.lower())
        if most is not None and row.quota > most:
            yield row.username, f"{row.username} has {row.quota // MIB} MiB, more than the {most // MIB} MiB allowed."


@invariant(10, "mailbox", "Set the quota to 0 (unlimited) or more.")
def quota_negative(snapshot: Snapshot) -> Broken:
    """No quota is below 0."""
    for row in snapshot.everyone:
        if row.quota < 0:
            yield row.username, f"{row.username} has a quota of {row.quota} bytes."


@invariant(10, "domain", "Raise the limit of the domain.", "warning")
def mailbox_count(snapshot: Snapshot) -> Broken:
    """No domain has more mailboxes than it may."""
    counts = Counter(row.domain.lower() for row in snapshot.mailboxes)
    for row in snapshot.domains:
        if counts[row.domain.lower()] > row.mailboxes:
            yield row.domain, f"{row.domain} has {counts[row.domain.lower()]} mailboxes; {row.mailboxes} are allowed."


@invariant(10, "domain", "Raise the limit of the domain.", "warning")
def alias_count(snapshot: Snapshot) -> Broken:
    """No domain has more aliases than it may, those of its alias domains included, self rows not."""
    owner = {row.alias_domain.lower(): row.target_domain.lower() for row in snapshot.alias_domains}
    counts: Counter[str] = Counter()
    for row in snapshot.aliases:
        if row.address.lower() not in snapshot.usernames:
            counts[owner.get(row.domain.lower(), row.domain.lower())] += 1
    for row in snapshot.domains:
        if counts[row.domain.lower()] > row.aliases:
            yield row.domain, f"{row.domain} has {counts[row.domain.lower()]} aliases; {row.aliases} are allowed."
