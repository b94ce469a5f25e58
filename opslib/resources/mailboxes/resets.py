"""Clearing what SOGo and the login history keep about a mailbox (addresses.md 9.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opslib.errors import Problem
from opslib.plan import Plan
from opslib.resources.mailboxes import deleting
from opslib.resources.rules import domain_part, refresh_sogo
from opslib.stores.database import read

if TYPE_CHECKING:
    from opslib.resources.mailboxes import Mailboxes


def eas(resource: Mailboxes, keys: Sequence[str]) -> Plan:
    """Clear the ActiveSync caches."""
    plan, found = _start(resource, "reset_eas", "Reset ActiveSync", keys)
    _purge(resource, plan, (("sogo_cache_folder", "c_uid"),), found)
    return _finish(plan, "eas_reset", found)


def sogo(resource: Mailboxes, keys: Sequence[str]) -> Plan:
    """Delete the SOGo profiles with calendars and address books."""
    plan, found = _start(resource, "reset_sogo", "Reset SOGo profile", keys)
    with read(resource.site.engine) as connection:
        deleting.purge_sogo(connection, plan, found)
    refresh_sogo(plan, resource.site, found)
    return _finish(plan, "sogo_profile_reset", found)


def logins(resource: Mailboxes, keys: Sequence[str]) -> Plan:
    """Forget the login history."""
    plan, found = _start(resource, "reset_logins", "Clear login history", keys)
    _purge(resource, plan, (("sasl_log", "username"), ("logs", "user")), found)
    return _finish(plan, "last_login_reset", found)


def _start(resource: Mailboxes, verb: str, label: str, keys: Sequence[str]) -> tuple[Plan, list[str]]:
    plan = resource.plan(verb, f"{label} of {keys[0]}" if len(keys) == 1 else f"{label} of {len(keys)} mailboxes")
    current = resource.current(keys, ())
    for key in keys:
        if key not in current:
            plan.refuse(str(key), Problem("access_denied"))
    return plan, [draft.key for draft in current.values()]


def _purge(resource: Mailboxes, plan: Plan, columns: Sequence[tuple[str, str]], found: list[str]) -> None:
    with read(resource.site.engine) as connection:
        for table, column in columns:
            deleting.purge(connection, plan, table, column, found)


def _finish(plan: Plan, key: str, found: list[str]) -> Plan:
    plan.domains |= {domain_part(name) for name in found}
    for name in found:
        plan.succeed(key, name, subject=name)
    return plan
