"""Limits of a domain: how they relate to each other, to what is in use, and to relaying (addresses.md 7.3, 20.8, 20.10)."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from opslib import registry
from opslib.errors import Problem, UserError
from opslib.fields import MIB
from opslib.plan import Row
from opslib.resources.rules import Room, rooms
from opslib.site import Site

QUOTAS = ("defquota", "maxquota", "quota")
RELAYING = ("backupmx", "relay_all_recipients", "relay_unknown_only")
LIMITS = ("maxquota", "quota", "mailboxes", "aliases")


def quota_problems(default: int, largest: int, total: int, names: tuple[str, str, str] = QUOTAS) -> Iterator[Problem]:
    """What is wrong with the three quotas (bytes); `names` are the fields they stand in."""
    if default > largest:
        yield Problem("mailbox_defquota_exceeds_mailbox_maxquota", (), names[0])
    if largest > total:
        yield Problem("mailbox_quota_exceeds_domain_quota", (), names[1])
    if default <= 0:
        yield Problem("defquota_empty", (), names[0])
    if largest <= 0:
        yield Problem("maxquota_empty", (), names[1])


def overrun(room: Room, name: str, limit: int) -> Problem | None:
    """What stands against a limit: more is in use already.  Alias domains' aliases are not counted here (7.3)."""
    used, key, unit = {
        "maxquota": (room.largest, "max_quota_in_use", MIB),
        "quota": (room.allotted, "domain_quota_m_in_use", MIB),
        "mailboxes": (room.mailboxes, "mailboxes_in_use", 1),
        "aliases": (room.own_aliases, "aliases_in_use", 1),
    }[name]
    return Problem(key, (-(-used // unit),), name) if used > limit else None


def limit_of(room: Room, name: str) -> int:
    """The limit as it stands."""
    limits = {
        "maxquota": room.max_quota,
        "quota": room.quota,
        "mailboxes": room.max_mailboxes,
        "aliases": room.max_aliases,
    }
    return limits[name]


@registry.guard
def domain_limit_holds(connection: sa.Connection, site: Site, name: str, *domains: str) -> None:
    """After the writes what is in use fits the limit `name`."""
    for room in rooms(connection, domains).values():
        problem = overrun(room, name, limit_of(room, name))
        if problem:
            raise UserError.of([problem])


def imply_relaying(values: Row, before: Row) -> None:
    """Make the relay flags agree: unknown only => all recipients => relay domain.

    What is switched on takes the wider flags along, what is switched off the narrower ones; on wins.
    """
    widest, wide, narrow = RELAYING
    if values.get(narrow):
        values[wide] = True
    if values.get(wide):
        values[widest] = True
    if before and values.get(widest) is False:
        values[wide] = False
    if before and values.get(wide) is False:
        values[narrow] = False
