"""Fields of the key-value store that the daemons read (addresses.md 3.1, 20.4, 20.12)."""

from __future__ import annotations

import re

from opslib.verify.invariant import Broken, add, invariant
from opslib.verify.snapshot import UNREADABLE, Snapshot, parsed

RATE = re.compile(r"[1-9][0-9]* / 1[smhd]")
HANDLERS = ("RCPT_WANTS_SUBJECT_TAG", "RCPT_WANTS_SUBFOLDER_TAG")


def _local_domains(snapshot: Snapshot) -> set[str]:
    return {row.domain for row in snapshot.domains} | {row.alias_domain for row in snapshot.alias_domains}


@invariant(4, "DOMAIN_MAP", "Set the field to 1.")
def domain_map_missing(snapshot: Snapshot) -> Broken:
    """Every domain and alias domain has a field in DOMAIN_MAP: without it there is no quarantine and no tag handling."""
    for name in sorted(_local_domains(snapshot) - snapshot.hash("DOMAIN_MAP").keys()):
        yield name, f"{name} is missing in DOMAIN_MAP."


@invariant(4, "DOMAIN_MAP", "Remove the field.", "warning")
def domain_map_stale(snapshot: Snapshot) -> Broken:
    """DOMAIN_MAP names nothing but domains and alias domains."""
    for name in sorted(snapshot.hash("DOMAIN_MAP").keys() - _local_domains(snapshot)):
        yield name, f"{name} is in DOMAIN_MAP but is no domain of this server."


@invariant(12, "RL_VALUE", "Set the rate limit again, or remove the field.")
def rate_limit_form(snapshot: Snapshot) -> Broken:
    """Rate limits read `<number> / 1<s, m, h or d>`, number at least 1."""
    for name, value in snapshot.hash("RL_VALUE").items():
        if not RATE.fullmatch(value):
            yield name, f"The rate limit of {name} reads “{value}”."


@invariant(12, "RL_VALUE", "Remove the field.", "warning")
def rate_limit_object(snapshot: Snapshot) -> Broken:
    """Rate limits belong to domains, alias domains and mailboxes, in lower case."""
    known = snapshot.domain_names | snapshot.alias_domain_names | snapshot.usernames
    for name in snapshot.hash("RL_VALUE").keys() - known:
        yield name, f"{name} has a rate limit but does not exist."


@invariant(12, "QW_BCC", "Set the copies of quota warnings again.")
def quota_copies_shape(snapshot: Snapshot) -> Broken:
    """Quota warning copies are `{"bcc_rcpts": [texts], "active": 0 or 1}`."""
    for name, value in snapshot.hash("QW_BCC").items():
        if not _is_copy(parsed(value)):
            yield name, f"The quota warning copies of {name} read {value[:80]}."


def _is_copy(found: object) -> bool:
    if found is UNREADABLE or not isinstance(found, dict):
        return False
    recipients, active = found.get("bcc_rcpts"), found.get("active")
    listed = isinstance(recipients, list) and all(isinstance(item, str) for item in recipients)
    return listed and type(active) is int and active in (0, 1)


@invariant(12, "QW_BCC", "Remove the field.", "warning")
def quota_copies_object(snapshot: Snapshot) -> Broken:
    """Quota warning copies belong to domains."""
    for name in snapshot.hash("QW_BCC").keys() - snapshot.domain_names:
        yield name, f"{name} has quota warning copies but is no domain."


def _handlers(key: str) -> None:
    """Register: fields of this hash are mailboxes."""

    def unknown(snapshot: Snapshot) -> Broken:
        for name in snapshot.hash(key).keys() - snapshot.usernames:
            yield name, f"{name} has a handler for tagged mail but does not exist."

    add(key.lower(), 11, key, "Remove the field.", f"Fields of {key} are mailboxes in lower case.", unknown, "warning")


for _key in HANDLERS:
    _handlers(_key)
