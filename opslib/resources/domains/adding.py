"""New domains: rules and writes (addresses.md 7.2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.plan import Guard, Plan
from opslib.resources import leftovers, rate_limits, tags
from opslib.resources.domains import limits, naming, outside
from opslib.resources.rules import refresh_sogo

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.domains import Domains


# -- rules ----------------------------------------------------------------------------------------------------------
def check(resource: Domains, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """Judge new domains, together: a name can be taken once."""
    used = naming.taken(connection, {d.values["domain"] for d in drafts if d.values.get("domain")})
    for draft in drafts:
        limits.imply_relaying(draft.values, {})
        if all(draft.values.get(name) is not None for name in limits.QUOTAS):
            draft.problems += limits.quota_problems(*(draft.values[name] for name in limits.QUOTAS))
        outside.check_selector(draft)
        draft.values["tags"] = tags.unique(draft.values.get("tags") or ())
        name = draft.values.get("domain")
        if name:
            draft.values["description"] = draft.values.get("description") or name
            _check_name(draft, name, used, resource.site.hostname)
            used.add(name)


def _check_name(draft: Draft, name: str, used: Collection[str], hostname: str) -> None:
    if name in used:
        draft.fail("domain_exists", name, field="domain")
    elif name == hostname.lower():
        draft.fail("domain_cannot_match_hostname", field="domain")


# -- writes ---------------------------------------------------------------------------------------------------------
def write(resource: Domains, connection: sa.Connection, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Rows and effects of new domains."""
    names = [str(draft.key) for draft in drafts]
    plan.domains |= set(names)
    refresh_sogo(plan, resource.site, end_external_rights(plan, connection, names))
    for draft in drafts:
        columns = resource.plain(draft.values)
        plan.insert("domain", {"domain": columns.pop("domain")}, columns, str(draft.key))
    for draft in drafts:
        tags.write(plan, "tags_domain", "domain", str(draft.key), (), draft.values["tags"])
    plan.guard("domain_names_unique", *names)
    plan.undo_guards.append(Guard("domains_unused", tuple(names)))
    outside.enter_map(resource.site, plan, names)
    rate_limits.write(resource, plan, [draft for draft in drafts if draft.values.get("rate_limit")])
    outside.make_keys(resource.site, plan, drafts)
    outside.restart_sogo(resource.site, plan, [str(d.key) for d in drafts if d.values.get("restart_sogo")])


def end_external_rights(plan: Plan, connection: sa.Connection, names: Sequence[str]) -> set[str]:
    """Delete rights to send as an "external" address of what becomes a domain of ours; gives whose they were."""
    ended = leftovers.sender_rights(connection, {name: name for name in names}, external_only=True)
    for row, name in ended:
        plan.delete("sender_acl", {"id": row["id"]}, row, name)
    leftovers.note(plan, len(ended), "rights to send as an external address")
    return {row["logged_in_as"] for row, _ in ended}
