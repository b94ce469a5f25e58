"""Aliases (addresses.md 11): addresses that deliver elsewhere, or nowhere.  Self rows of mailboxes are none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from opslib import names, scopes
from opslib.actor import Actor
from opslib.errors import Problem
from opslib.plan import Plan
from opslib.query import Selection
from opslib.resource import Draft, Resource
from opslib.resources.aliases import expanding, judging, writing
from opslib.resources.aliases.record import Alias
from opslib.schema import alias
from opslib.stores.database import read
from opslib.verb import Verb


class Aliases(Resource):
    """Aliases of the own domains and their alias domains."""

    name = "aliases"
    label = "Aliases"
    singular = "alias"
    doc = "Addresses that deliver to mailboxes, to other servers, or nowhere."
    icon = "alternate_email"
    record = Alias
    table = alias
    key = "id"
    natural = ("address",)
    default_sort = ("address",)
    consults = ("in_primary_domain",)
    added_key = "alias_added"
    modified_key = "alias_modified"
    removed_key = "alias_removed"

    def restriction(self) -> sa.ColumnElement[bool]:
        return alias.c.address != alias.c.goto

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_domain(actor, alias.c.domain)

    def title(self, draft: Draft) -> str:
        return str(draft.after("address") or draft.key)

    # -- add -----------------------------------------------------------------------------------------------------
    def spread(self, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """One alias per address in `address`, all with the same targets."""
        given = row.get("address")
        items = names.list_items(given) if given and not isinstance(given, int | float) else [given]
        return [{**row, "address": item} for item in items or [""]]

    def complete(self, row: Mapping[str, str]) -> dict[str, str]:
        """Special targets are exported as targets, but given by their own field (addresses.md 11.2)."""
        special = row.get("goto") if row.get("goto") in names.SPECIAL_TARGETS else None
        return {**row, "goto": "", "special": special} if special else dict(row)

    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            draft.key = draft.values.get("address") or draft.key
        with read(self.site.engine) as connection:
            judging.check(connection, self.ops.reach(), plan, drafts)

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            writing.insert(self, connection, plan, drafts)

    # -- edit, delete --------------------------------------------------------------------------------------------
    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            judging.check(connection, self.ops.reach(), plan, drafts)
        drafts[:] = [draft for draft in drafts if draft.values or draft.problems]

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            writing.update(self, connection, plan, drafts)

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            writing.remove(self, connection, plan, drafts)

    # -- expand --------------------------------------------------------------------------------------------------
    def special(self) -> list[Verb]:
        doc = "Make the same alias in every alias domain of its domain."
        return [Verb("expand", "Expand over alias domains", doc, self._expand, icon="account_tree")]

    def _expand(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        keys = self.keys(selection)
        plan = self.plan("expand", f"Expand {len(keys)} aliases over alias domains")
        found = self.current(keys)
        for key in keys:
            if key not in found:
                plan.refuse(str(key), Problem("access_denied", (), self.key))
        expanding.expand(self, plan, list(found.values()))
        return plan
