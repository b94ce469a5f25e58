"""Domains: the names mail is accepted for, their limits, and what goes with them (addresses.md 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from opslib import scopes
from opslib.actor import Actor
from opslib.plan import Plan, Row
from opslib.resource import Draft, Resource
from opslib.resources import templates
from opslib.resources.domains import adding, editing, removal
from opslib.resources.domains.record import Domain
from opslib.schema import domain
from opslib.stores.database import read


class Domains(Resource):
    """Mail domains.  A domain administrator sees his own, and changes of them what no limit hangs on."""

    name = "domains"
    label = "Domains"
    singular = "domain"
    doc = "Names that mail is accepted for, what may be in them, and how much is."
    icon = "domain"
    record = Domain
    table = domain
    key = "domain"
    default_sort = ("domain",)
    consults = ("tags", "alias_domains", "quota_copies", "quota_copies_active")
    added_key = "domain_added"
    modified_key = "domain_modified"
    removed_key = "domain_removed"

    _known: dict[str, Row] | None = None

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_domain(actor, domain.c.domain, with_alias_domains=False)

    def may(self, verb: str) -> bool:
        return super().may(verb) and (verb not in {"add", "delete"} or self.actor.is_admin)

    # -- add -----------------------------------------------------------------------------------------------------
    def add_many(self, rows: Sequence[Mapping[str, Any]]) -> Plan:
        self._known = templates.domain_values(self.site)
        try:
            return super().add_many(rows)
        finally:
            self._known = None

    def defaults(self, values: Mapping[str, Any]) -> Row:
        """Built-in defaults, over them the values of the chosen template or of the first there is."""
        known = templates.domain_values(self.site) if self._known is None else self._known
        chosen = str(values.get("template") or next(iter(known), ""))
        return {**super().defaults(values), **known.get(chosen, {})}

    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            chosen = draft.values.get("template")
            if chosen and chosen not in (self._known or {}):
                draft.fail("template_missing", chosen, field="template")
        with read(self.site.engine) as connection:
            adding.check(self, connection, drafts)

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            adding.write(self, connection, plan, drafts)

    # -- edit ----------------------------------------------------------------------------------------------------
    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            editing.check(self, connection, drafts)
        drafts[:] = [draft for draft in drafts if draft.values or draft.problems]

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        editing.write(self, plan, drafts)

    # -- delete --------------------------------------------------------------------------------------------------
    def check_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            removal.check(connection, drafts)

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            removal.write(self, connection, plan, drafts)
