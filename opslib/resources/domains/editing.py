"""Changed domains: rules and writes (addresses.md 7.3, 7.5, 7.9, 18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.plan import Guard, Plan
from opslib.resources import quota_copies, rate_limits, tags
from opslib.resources.domains import limits
from opslib.resources.rules import forget_all_sign_ins, rooms

if TYPE_CHECKING:
    from opslib.resource import Draft
    from opslib.resources.domains import Domains


# -- rules ----------------------------------------------------------------------------------------------------------
def check(resource: Domains, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """Judge changed domains."""
    transports = resource.choices("relayhost") if any("relayhost" in d.values for d in drafts) else {}
    for draft in drafts:
        if draft.values.get("description") == "":
            draft.values["description"] = str(draft.key)
        if "tags" in draft.values:
            draft.values["tags"] = tags.unique(draft.values["tags"])
        if draft.values.get("relayhost", "0") not in {"0", *transports}:
            draft.fail("relayhost_invalid", draft.values["relayhost"], field="relayhost")
        if draft.changes(*limits.QUOTAS):
            draft.problems += limits.quota_problems(*(draft.after(name) for name in limits.QUOTAS))
        quota_copies.check(draft)
        _check_relaying(draft)
        _forget_unchanged(draft)
    _check_limits(connection, [d for d in drafts if d.changes(*limits.LIMITS)])


def _check_relaying(draft: Draft) -> None:
    if not draft.changes(*limits.RELAYING):
        return
    limits.imply_relaying(draft.values, {name: draft.before[name] for name in limits.RELAYING})
    if draft.values.get("backupmx") and not draft.before["backupmx"] and draft.before["alias_domains"]:
        draft.fail("targetd_relay_domain", str(draft.key), field="backupmx")


def _forget_unchanged(draft: Draft) -> None:
    """What the rules settled on may be what stands already."""
    for name in [name for name, value in draft.values.items() if draft.before.get(name) == value]:
        del draft.values[name]


def _lowered(draft: Draft, name: str) -> bool:
    return name in draft.values and draft.values[name] < draft.before[name]


def _check_limits(connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """Only a limit that gets lower is held against what is in use: an over-committed domain can still be mended."""
    known = rooms(connection, [str(draft.key) for draft in drafts])
    for draft in drafts:
        room = known[str(draft.key)]
        for name in limits.LIMITS:
            problem = limits.overrun(room, name, draft.values[name]) if _lowered(draft, name) else None
            if problem:
                draft.problems.append(problem)


# -- writes ---------------------------------------------------------------------------------------------------------
def write(resource: Domains, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Rows and effects of changed domains."""
    plan.domains |= {str(draft.key) for draft in drafts}
    for draft in drafts:
        resource.write_plain(plan, draft)
    for draft in drafts:
        if "tags" in draft.values:
            tags.write(plan, "tags_domain", "domain", str(draft.key), draft.before["tags"], draft.values["tags"])
    rate_limits.write(resource, plan, drafts)
    quota_copies.write(resource, plan, drafts)
    _guard(plan, drafts)
    if any(draft.changes("active") for draft in drafts):
        forget_all_sign_ins(plan, "a domain was switched on or off")
    if resource.site.sogo and any("gal" in draft.values for draft in drafts):
        plan.warn("sogo_restart_needed")


def _guard(plan: Plan, drafts: Sequence[Draft]) -> None:
    for name in limits.LIMITS:
        changed = [draft for draft in drafts if name in draft.values]
        lower = tuple(str(draft.key) for draft in changed if _lowered(draft, name))
        higher = tuple(str(draft.key) for draft in changed if not _lowered(draft, name))
        if lower:
            plan.lock("lock_domains", *lower)
            plan.guard("domain_limit_holds", name, *lower)
        if higher:
            plan.undo_guards.append(Guard("domain_limit_holds", (name, *higher)))
    relaying = [draft for draft in drafts if "backupmx" in draft.values]
    if relaying:
        names = tuple(str(draft.key) for draft in relaying)
        plan.lock("lock_domains", *names)
        plan.guard("alias_domains_sound", *names)
        plan.undo_guards.append(Guard("alias_domains_sound", names))
    routed = tuple(str(draft.key) for draft in drafts if "relayhost" in draft.values)
    if routed:
        plan.guard("relayhosts_exist", *routed)
        plan.undo_guards.append(Guard("relayhosts_exist", routed))
