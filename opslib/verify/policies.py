"""MTA-STS policies and footers (addresses.md 7.6, 7.8, 20.16, 20.17)."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from opslib import names, schema
from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot, parsed

MODES = ("enforce", "testing", "none")
MOST_SECONDS = 31_557_600  # RFC 8461, 3.2
_ID = re.compile("[12][0-9]{3}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[0-5][0-9]){3}")


def _policies(snapshot: Snapshot) -> list[sa.Row[Any]]:
    return list(snapshot.rows(sa.select(schema.mta_sts)))


@invariant(16, "mta_sts", "Save the policy again: that makes a new id.")
def mta_sts_id(snapshot: Snapshot) -> Broken:
    """The policy's id is a moment of 14 digits: what is not renewed from the clock does not change with the policy."""
    for row in _policies(snapshot):
        if not _ID.fullmatch(str(row.id)):
            yield row.domain, f"The MTA-STS policy of {row.domain} has the id {row.id}."


@invariant(16, "mta_sts", "Save the policy again with valid values.")
def mta_sts_policy(snapshot: Snapshot) -> Broken:
    """A policy has version stsv1, a known mode, valid mail exchangers and an age up to a year."""
    for row in _policies(snapshot):
        problem = _policy_problem(row)
        if problem:
            yield row.domain, f"The MTA-STS policy of {row.domain} has {problem}."


def _policy_problem(row: sa.Row[Any]) -> str:
    if row.version != "stsv1":
        return f"the version {row.version}"
    if row.mode not in MODES:
        return f"the mode {row.mode}"
    if not re.fullmatch("[0-9]{1,8}", row.max_age) or not 0 < int(row.max_age) <= MOST_SECONDS:
        return f"the age {row.max_age}"
    return "" if all(map(_is_mx, row.mx.split(","))) else f"the mail exchangers {row.mx}"


def _is_mx(text: str) -> bool:
    try:
        return names.mx_pattern(text) == text
    except names.Invalid:
        return False


@invariant(17, "domain_wide_footer", "Write the two lists as JSON arrays of texts.")
def footer_lists(snapshot: Snapshot) -> Broken:
    """Exclusion lists of a footer are JSON arrays of texts."""
    for row in snapshot.footers:
        for name in ("mbox_exclude", "alias_domain_exclude"):
            found = parsed(row._mapping[name])
            if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
                yield row.domain, f"{name} of the footer of {row.domain} is no JSON array of texts."
