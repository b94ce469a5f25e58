"""The same alias in every alias domain of its domain (addresses.md 11.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.plan import Outcome, Plan
from opslib.resource import Draft
from opslib.resources.aliases import judging, writing
from opslib.resources.rules import holders
from opslib.schema import alias_domain
from opslib.stores.database import chunks, read

if TYPE_CHECKING:
    from opslib.resources.aliases import Aliases

CHUNK = 1000


def expand(resource: Aliases, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Plan what is missing; existing addresses are left as they are, and every flag is copied."""
    with read(resource.site.engine) as connection:
        elsewhere = _alias_domains(connection, {d.before["domain"] for d in drafts})
        copies = {d.key: _copies(d, elsewhere[d.before["domain"]]) for d in drafts if not d.before["in_primary_domain"]}
        occupied = holders(connection, [c.key for found in copies.values() for c in found])
        for found in copies.values():
            found[:] = [copy for copy in found if copy.key.lower() not in occupied]
        fresh = [copy for found in copies.values() for copy in found]
        judging.check(connection, resource.ops.reach(), plan, fresh)
        for draft in drafts:
            _report(plan, draft, copies.get(draft.key), bool(elsewhere[draft.before["domain"]]))
        good = [copy for copy in fresh if copy.ok]
        if good:
            writing.insert(resource, connection, plan, good)


def _alias_domains(connection: sa.Connection, domains: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for chunk in chunks(sorted(domains), CHUNK):
        query = sa.select(alias_domain.c.target_domain, alias_domain.c.alias_domain)
        for target, name in connection.execute(query.where(alias_domain.c.target_domain.in_(chunk))):
            found[target].append(name)
    return found


def _copies(draft: Draft, domains: Sequence[str]) -> list[Draft]:
    local = draft.before["address"].rpartition("@")[0]
    copied = ("sogo_visible", "public_comment", "private_comment", "internal", "sender_allowed", "active")
    found = []
    for name in domains:
        address = f"{local}@{name}"
        goto = tuple(target for target in draft.before["goto"] if target.lower() != address.lower())
        if goto:
            values = {field: draft.before[field] for field in copied}
            found.append(Draft(address, {"address": address, "goto": goto, "domain": name, **values}))
    return found


def _report(plan: Plan, draft: Draft, copies: Sequence[Draft] | None, has_alias_domains: bool) -> None:
    address, subject = draft.before["address"], str(draft.key)
    if copies is None:
        plan.outcomes.append(Outcome("warning", "is_not_primary_alias", (address,), subject))
    elif not copies:
        key = "alias_expanded" if has_alias_domains else "no_alias_domains"
        plan.outcomes.append(
            Outcome("warning", key, (address if has_alias_domains else draft.before["domain"],), subject)
        )
    else:
        for copy in copies:
            plan.refuse(copy.key, *copy.problems)
            if copy.ok:
                plan.change(copy.key, "goto", None, copy.values["goto"])
        if any(copy.ok for copy in copies):
            plan.succeed("alias_modified", address, subject=subject)
