"""Clearing what SOGo and the login history keep about a mailbox (addresses.md 9.9)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from opslib.errors import Problem
from opslib.plan import Plan
from opslib.resources.mailboxes import deleting
from opslib.resources.rules import CHUNK, domain_part, refresh_sogo
from opslib.schema import logs
from opslib.stores.database import chunks, read

if TYPE_CHECKING:
    from opslib.resources.mailboxes import Mailboxes


def eas(resource: Mailboxes, keys: Sequence[str]) -> Plan:
    """Clear the ActiveSync caches."""
    plan, found = _start(resource, "reset_eas", "Reset ActiveSync", keys)
    with read(resource.site.engine) as connection:
        deleting.purge(connection, plan, "sogo_cache_folder", "c_uid", found, "cached folders")
    return _finish(plan, "eas_reset", found)


def sogo(resource: Mailboxes, keys: Sequence[str]) -> Plan:
    """Delete the SOGo profiles with calendars and address books."""
    plan, found = _start(resource, "reset_sogo", "Reset SOGo profile", keys)
    with read(resource.site.engine) as connection:
        deleting.purge_sogo(connection, plan, found)
    refresh_sogo(plan, resource.site, found)
    return _finish(plan, "sogo_profile_reset", found)


def logins(resource: Mailboxes, keys: Sequence[str]) -> Plan:
    """Forget the login history: mail sign-ins and successful web sign-ins."""
    plan, found = _start(resource, "reset_logins", "Clear login history", keys)
    with read(resource.site.engine) as connection:
        deleting.purge(connection, plan, "sasl_log", "username", found, "mail sign-ins")
        plan.purge("logs", "id", _web_sign_ins(connection, found))
    return _finish(plan, "last_login_reset", found)


def _web_sign_ins(connection: sa.Connection, usernames: Collection[str]) -> Iterator[int]:
    """Rows of the UI log that note a sign-in: `call` is ["check_login", user, ...]; other rows stay (operations.md 6.2)."""
    wanted = {name.lower() for name in usernames}
    for chunk in chunks(sorted(wanted), CHUNK):
        mine = (logs.c.user.in_(chunk), logs.c.type == "success", logs.c.call.contains("check_login", autoescape=True))
        for key, call in connection.execute(sa.select(logs.c.id, logs.c.call).where(*mine)):
            if _signs_in(call, wanted):
                yield key


def _signs_in(call: str, wanted: Collection[str]) -> bool:
    try:
        parts = json.loads(call)
    except ValueError:
        return False
    if not isinstance(parts, list) or len(parts) < 2:
        return False
    return parts[0] == "check_login" and str(parts[1]).lower() in wanted


def _start(resource: Mailboxes, verb: str, label: str, keys: Sequence[str]) -> tuple[Plan, list[str]]:
    plan = resource.plan(verb, f"{label} of {keys[0]}" if len(keys) == 1 else f"{label} of {len(keys)} mailboxes")
    current = resource.current(keys, ())
    for key in keys:
        if key not in current:
            plan.refuse(str(key), Problem("access_denied", (), resource.key))
    return plan, [draft.key for draft in current.values()]


def _finish(plan: Plan, key: str, found: Iterable[str]) -> Plan:
    for name in found:
        plan.domains.add(domain_part(name))
        plan.succeed(key, name, subject=name)
    return plan
