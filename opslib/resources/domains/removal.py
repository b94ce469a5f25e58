"""Deleted domains: rules, everything that goes with them, and whose account ends (addresses.md 7.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.plan import Guard, Plan, Row
from opslib.resources import leftovers
from opslib.resources.domains import outside
from opslib.resources.rules import CHUNK, refresh_sogo
from opslib.schema import admin, alias_domain, da_acl, domain_admins, mailbox
from opslib.stores.database import chunks

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.domains import Domains

SIGN_IN = ("tfa", "fido2", "da_sso")


# -- rules ----------------------------------------------------------------------------------------------------------
def check(connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """A domain with any mailbox or resource stays."""
    lived_in: set[str] = set()
    for chunk in chunks([str(draft.key) for draft in drafts], CHUNK):
        query = sa.select(mailbox.c.domain).where(mailbox.c.domain.in_(chunk)).distinct()
        lived_in |= {name.lower() for name in connection.scalars(query)}
    for draft in drafts:
        if str(draft.key) in lived_in:
            draft.fail("domain_not_empty", str(draft.key))


# -- writes ---------------------------------------------------------------------------------------------------------
def write(resource: Domains, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Every row and every effect that ends with the domains and their alias domains."""
    names = [str(draft.key) for draft in drafts]
    others = _rows(connection, alias_domain, alias_domain.c.target_domain, names)
    subjects = {name: name for name in names} | {row["alias_domain"]: row["target_domain"].lower() for row in others}
    plan.domains |= set(subjects)
    plan.lock("lock_domains", *names)
    affected = leftovers.clear(plan, connection, subjects)
    for row in others:
        key = {"alias_domain": row["alias_domain"]}
        plan.delete("alias_domain", key, row, subjects[row["alias_domain"]])
    leftovers.note(plan, len(others), "alias domains")
    _end_assignments(connection, plan, names)
    for draft in drafts:
        plan.delete("domain", {"domain": draft.raw["domain"]}, draft.raw, str(draft.key))
    plan.guard("domains_unused", *names)
    plan.undo_guards += [Guard("domain_names_unique", tuple(subjects)), Guard("relayhosts_exist", tuple(names))]
    refresh_sogo(plan, resource.site, affected)
    outside.leave(resource.site, plan, list(subjects))
    for name in names:
        plan.effect("host", "maildir_cleanup", f"Move the mail of {name} to the garbage", subject=name, path=name)


def _rows(connection: sa.Connection, table: sa.Table, column: sa.ColumnElement[str], names: Sequence[str]) -> list[Row]:
    found: list[Row] = []
    for chunk in chunks(list(names), CHUNK):
        found += [dict(row) for row in connection.execute(sa.select(table).where(column.in_(chunk))).mappings()]
    return found


def _end_assignments(connection: sa.Connection, plan: Plan, names: Sequence[str]) -> None:
    """Assignments go; an account whose last domain goes is deleted too, as the mail server's updater would do."""
    ended = _rows(connection, domain_admins, domain_admins.c.domain, names)
    for row in ended:
        plan.delete("domain_admins", {"id": row["id"]}, row, row["domain"].lower())
    leftovers.note(plan, len(ended), "assignments to domain administrators")
    homeless = _homeless(connection, ended)
    for table in (admin, da_acl):
        for row in _rows(connection, table, table.c.username, list(homeless)):
            if not row.get("superadmin"):
                plan.delete(table.name, {"username": row["username"]}, row, homeless[row["username"].lower()])
    for name in homeless:
        plan.warn("domain_admins_lost", name)
    for table_name in SIGN_IN:
        plan.purge(table_name, "username", homeless)
    leftovers.note(plan, len(homeless), "accounts of domain administrators")


def _homeless(connection: sa.Connection, ended: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Accounts all of whose assignments end, in lower case, with one of the domains."""
    ids = {row["id"] for row in ended}
    last = {row["username"].lower(): row["domain"].lower() for row in ended}
    left: dict[str, int] = defaultdict(int)
    for row in _rows(connection, domain_admins, domain_admins.c.username, list(last)):
        left[row["username"].lower()] += row["id"] not in ids
    superior = {
        r["username"].lower() for r in _rows(connection, admin, admin.c.username, list(last)) if r["superadmin"]
    }
    return {name: domain for name, domain in last.items() if not left[name] and name not in superior}
