"""Rooms, cars, groups: what SOGo users can book (addresses.md 13).  They are rows of `mailbox`, but receive no mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from opslib import names, scopes
from opslib.actor import Actor
from opslib.fields import Address, Choice, DomainName, Flag, Integer, Moment, Text
from opslib.plan import Guard, Plan
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources.mailboxes.deleting import purge_sogo
from opslib.resources.rules import domain_part, holders, refresh_sogo, rooms, taken
from opslib.schema import mailbox
from opslib.stores.database import read

KINDS = {"location": "location", "group": "group", "thing": "thing"}
MARK = "RESOURCE"  # stands where a mailbox has its password; no password matches it


class Bookings(Integer):
    """How many may book at once; edge and inside are the number, people read words."""

    def number(self, raw: Any) -> int:
        return max(super().number(raw), -1)

    def show(self, value: Any) -> str:
        words = {None: "", -1: "no limit, shown as busy", 0: "no limit, always free"}
        return words.get(value, f"at most {value} at once")


class CalendarResource(Record):
    """One resource."""

    username = Address(
        label="Address", doc="Made of the letters and digits of the description.", length=255, grid=True, search=True,
        on_add=False, on_edit=False, width=240,
    )  # fmt: skip
    description = Text(
        label="Description", doc="What SOGo shows.", column="name", length=255, grid=True, search=True, group="Resource",
        width=220,
    )  # fmt: skip
    kind = Choice(
        "location", label="Kind", doc="What is booked.", choices=KINDS, grid=True, group="Resource", width=110,
    )  # fmt: skip
    domain = DomainName(
        label="Domain", doc="Domain of the address.", required=True, on_edit=False, grid=True, group="Resource", width=160,
    )  # fmt: skip
    multiple_bookings = Bookings(
        -1, label="Multiple bookings", doc="-1 = no limit but shown as busy, 0 = no limit, n = at most n at once.",
        bounds=(-1, (1 << 31) - 1), grid=True, group="Resource", width=170,
    )  # fmt: skip
    active = Flag(True, label="Active", doc="Can be booked.", grid=True, group="Resource", width=80)
    created = Moment(label="Created", doc="When the resource was added.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When the resource was last changed.", on_add=False, on_edit=False)


class Resources(Resource):
    """Bookable resources of the own domains."""

    name = "resources"
    label = "Resources"
    singular = "resource"
    doc = "Rooms, groups and things that SOGo users can book."
    icon = "meeting_room"
    record = CalendarResource
    table = mailbox
    key = "username"
    default_sort = ("description",)
    added_key = "resource_added"
    modified_key = "resource_modified"
    removed_key = "resource_removed"

    def restriction(self) -> sa.ColumnElement[bool]:
        """Never a mailbox: deleting one here would leave half of it behind (addresses.md 13)."""
        return mailbox.c.kind != ""

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_domain(actor, mailbox.c.domain, with_alias_domains=False)

    # -- rules ---------------------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            _describe(draft)
            _name(draft)
        with read(self.site.engine) as connection:
            self._check_places(connection, [draft for draft in drafts if draft.values.get("username")])

    def _check_places(self, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
        reach = self.ops.reach()
        known = rooms(connection, {d.values["domain"] for d in drafts})
        for draft in drafts:
            domain = draft.values["domain"]
            if reach is not None and domain not in reach:
                draft.fail("access_denied", field="domain")
            elif domain not in known:
                draft.fail("domain_not_found", domain, field="domain")
        _check_free(connection, [draft for draft in drafts if draft.ok])

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            if "description" in draft.values:
                _describe(draft)

    # -- writes --------------------------------------------------------------------------------------------------
    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            columns = {
                **self.plain(draft.values),
                "local_part": draft.key.partition("@")[0],
                "password": MARK,
                "quota": 0,
            }
            columns |= {"custom_attributes": {}, "username": draft.key}
            plan.insert("mailbox", {"username": columns.pop("username")}, columns, draft.key)
        domains = sorted({draft.values["domain"] for draft in drafts})
        plan.lock("lock_domains", *domains)
        plan.guard("domains_exist", *domains)
        plan.guard("addresses_unique", *(draft.key for draft in drafts))
        self._around(plan, drafts)

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_edit(plan, drafts)
        self._around(plan, drafts)

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            purge_sogo(connection, plan, [draft.key for draft in drafts])
        super().write_delete(plan, drafts)
        plan.undo_guards.append(Guard("domains_exist", tuple(sorted({d.raw["domain"] for d in drafts}))))
        plan.undo_guards.append(Guard("addresses_unique", tuple(draft.key for draft in drafts)))
        self._around(plan, drafts)

    def _around(self, plan: Plan, drafts: Sequence[Draft]) -> None:
        plan.domains |= {domain_part(draft.key) for draft in drafts}
        refresh_sogo(plan, self.site, [draft.key for draft in drafts])


def _describe(draft: Draft) -> None:
    if not draft.values.get("description") and not any(p.field == "description" for p in draft.problems):
        draft.fail("description_invalid", field="description")


def _name(draft: Draft) -> None:
    """The address follows from description and domain."""
    if not draft.ok:
        return
    try:
        local = names.resource_local_part(draft.values["description"])
        draft.values["username"] = draft.key = names.address(f"{local}@{draft.values['domain']}")
    except names.Invalid:
        draft.fail("resource_invalid", field="description")


def _check_free(connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    occupied = holders(connection, [draft.key for draft in drafts])
    seen: Counter[str] = Counter()
    for draft in drafts:
        seen[draft.key] += 1
        if draft.key in occupied:
            draft.problems.append(taken(occupied[draft.key], draft.key, "description"))
        elif seen[draft.key] > 1:
            draft.fail("object_exists", draft.key, field="description")
