"""Alias domains: other names of a domain, whose addresses are delivered as the domain's (addresses.md 8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib import registry, scopes
from opslib.actor import Actor
from opslib.dkim import SIZES
from opslib.errors import UserError
from opslib.fields import Choice, DomainName, Flag, Moment, RateLimit, Text
from opslib.plan import Guard, Plan
from opslib.query import Query
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources import leftovers, rate_limits
from opslib.resources.domains import naming, outside
from opslib.resources.domains.adding import end_external_rights
from opslib.resources.rules import CHUNK, Room, flush_sogo, refresh_sogo, rooms
from opslib.schema import alias, alias_domain, domain, mailbox
from opslib.site import Site
from opslib.stores.database import chunks, read

if TYPE_CHECKING:
    from opslib.ops import Ops


def _targets(ops: Ops) -> dict[Any, str]:
    found = ops.resource("domains").keys(Query.where(backupmx="0"))
    return {name: name for name in found}


_target_relays = (
    sa.select(domain.c.backupmx)
    .where(domain.c.domain == alias_domain.c.target_domain)
    .correlate(alias_domain)
    .scalar_subquery()
)


class AliasDomain(Record):
    """One alias domain."""

    alias_domain = DomainName(
        label="Alias domain", doc="The other name.", also=("alias", "name"), required=True, on_edit=False,
        bulk=False, grid=True, search=True,
        length=253, group="Alias domain", width=220,
    )  # fmt: skip
    target_domain = DomainName(
        label="Target domain", doc="The domain that its mail is delivered to.", also=("target", "goto"), required=True,
        choices=_targets, grid=True,
        search=True, length=253, group="Alias domain", width=220,
    )  # fmt: skip
    active = Flag(True, label="Active", doc="Mail is accepted.", grid=True, group="Alias domain", width=80)
    parent_is_backupmx = Flag(
        None, label="Target relays", doc="The target is a relay domain, which cannot have alias domains.",
        sql=_target_relays, missing=False, on_add=False, on_edit=False, width=80,
    )  # fmt: skip
    rate_limit = RateLimit(
        "", label="Rate limit", doc="Most messages each sender may send per time frame, like 10/h; empty for no limit.",
        fetch=rate_limits.fetch, column=None, missing="", acl="ratelimit", sortable=False, filterable=False, group="Mail",
    )  # fmt: skip
    created = Moment(label="Created", doc="When the alias domain was added.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When the alias domain was last changed.", on_add=False, on_edit=False)
    dkim_selector = Text(
        "", label="DKIM selector", doc="Name of the DKIM key to be made; empty for none.", column=None, on_edit=False,
        sees=(), csv=False, length=63, group="DKIM",
    )  # fmt: skip
    key_size = Choice(
        2048, label="DKIM key size", doc="Bits of the DKIM key.", choices={size: str(size) for size in SIZES}, column=None,
        on_edit=False, sees=(), csv=False, group="DKIM",
    )  # fmt: skip


class AliasDomains(Resource):
    """Other names of domains.  Whoever looks after the target looks after its alias domains."""

    name = "alias_domains"
    label = "Alias domains"
    singular = "alias domain"
    doc = "Other names of domains: their addresses are delivered as the domain's own."
    icon = "alt_route"
    record = AliasDomain
    table = alias_domain
    key = "alias_domain"
    default_sort = ("alias_domain",)
    added_key = "aliasd_added"
    modified_key = "aliasd_modified"
    removed_key = "alias_domain_removed"

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_domain(actor, alias_domain.c.target_domain, with_alias_domains=False)

    def may(self, verb: str) -> bool:
        return super().may(verb) and (verb != "add" or self.actor.may("alias_domains"))

    # -- rules ---------------------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            used = naming.taken(connection, {d.values["alias_domain"] for d in drafts if d.values.get("alias_domain")})
            self._check_targets(connection, drafts)
        for draft in drafts:
            outside.check_selector(draft)
            name, target = draft.values.get("alias_domain"), draft.values.get("target_domain")
            if not name:
                continue
            if name == target:
                draft.fail("aliasd_targetd_identical", target, field="target_domain")
            elif name in used:
                draft.fail("alias_domain_invalid", name, field="alias_domain")
            elif name == self.site.hostname.lower():
                draft.fail("domain_cannot_match_hostname", field="alias_domain")
            used.add(name)

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        moved = [draft for draft in drafts if "target_domain" in draft.values]
        with read(self.site.engine) as connection:
            self._check_targets(connection, moved)
            self._check_room(connection, [draft for draft in moved if draft.ok])

    def _check_targets(self, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
        """A target is a domain in reach that does not relay.  To a domain administrator other domains do not exist."""
        reach = self.ops.reach()
        wanted = {draft.values["target_domain"] for draft in drafts if draft.values.get("target_domain")}
        found = naming.relays(connection, wanted)
        for draft in drafts:
            target = draft.values.get("target_domain")
            if not target:
                continue
            if reach is not None and target not in reach:
                draft.fail("access_denied", field="target_domain")
            elif target not in found:
                key = "target_domain_invalid" if draft.before else "targetd_not_found"
                draft.fail(key, target, field="target_domain")
            elif found[target]:
                draft.fail("targetd_relay_domain", target, field="target_domain")

    def _check_room(self, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
        """The aliases that live in a moving alias domain count for the new target."""
        moving = _aliases_in(connection, [str(draft.key) for draft in drafts])
        known: Mapping[str, Room] = rooms(connection, {draft.values["target_domain"] for draft in drafts})
        added: Counter[str] = Counter()
        for draft in drafts:
            room, count = known[draft.values["target_domain"]], moving.get(str(draft.key), 0)
            added[room.name] += count
            if count and room.aliases + added[room.name] > room.max_aliases:
                draft.fail("max_alias_exceeded", field="target_domain")

    # -- writes --------------------------------------------------------------------------------------------------
    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        names = [str(draft.key) for draft in drafts]
        with read(self.site.engine) as connection:
            refresh_sogo(plan, self.site, end_external_rights(plan, connection, names))
        super().write_add(plan, drafts)
        plan.guard("domain_names_unique", *names)
        plan.undo_guards.append(Guard("alias_domains_unused", tuple(names)))
        self._follow(plan, {draft.values["target_domain"] for draft in drafts})
        outside.enter_map(self.site, plan, names)
        rate_limits.write(self, plan, [draft for draft in drafts if draft.values.get("rate_limit")])
        outside.make_keys(self.site, plan, drafts)

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_edit(plan, drafts)
        plan.domains |= {draft.before["target_domain"] for draft in drafts}
        moved = [draft for draft in drafts if "target_domain" in draft.values]
        old = {draft.before["target_domain"] for draft in moved}
        new = {draft.values["target_domain"] for draft in moved}
        with read(self.site.engine) as connection:
            settled = _aliases_in(connection, [str(draft.key) for draft in moved])
        grown = sorted({draft.values["target_domain"] for draft in moved if settled.get(str(draft.key))})
        if moved:
            self._follow(plan, old | new)
        if grown:
            plan.guard("aliases_fit", *grown)
        rate_limits.write(self, plan, drafts)

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        subjects = {str(draft.key): str(draft.key) for draft in drafts}
        with read(self.site.engine) as connection:
            affected = leftovers.clear(plan, connection, subjects)
        super().write_delete(plan, drafts)
        self._follow(plan, {draft.before["target_domain"] for draft in drafts})
        plan.guard("alias_domains_unused", *subjects)
        plan.undo_guards.append(Guard("domain_names_unique", tuple(subjects)))
        refresh_sogo(plan, self.site, affected)
        outside.leave(self.site, plan, list(subjects))

    def _follow(self, plan: Plan, targets: set[str]) -> None:
        """Reach, locks, guards and SOGo rows of the domains whose names change."""
        names = tuple(sorted(targets))
        plan.domains |= targets
        plan.lock("lock_domains", *names)
        plan.guard("alias_domains_sound", *names)
        plan.undo_guards.append(Guard("alias_domains_sound", names))
        if self.site.sogo:
            plan.derive("sogo_of_domains", *names)
            flush_sogo(plan)


def _aliases_in(connection: sa.Connection, names: Sequence[str]) -> dict[str, int]:
    """Number of aliases that live in each of the alias domains."""
    found: dict[str, int] = {}
    for chunk in chunks(list(names), CHUNK):
        query = sa.select(alias.c.domain, sa.func.count()).where(alias.c.domain.in_(chunk)).group_by(alias.c.domain)
        found.update({name.lower(): int(count) for name, count in connection.execute(query)})
    return found


@registry.derivation
def sogo_of_domains(connection: sa.Connection, site: Site, *names: str) -> None:
    """Rewrite the SOGo rows of all mailboxes of the domains: their addresses in alias domains are part of them."""
    found: list[str] = []
    for chunk in chunks(list(names), CHUNK):
        found += connection.scalars(sa.select(mailbox.c.username).where(mailbox.c.domain.in_(chunk)))
    if found:
        registry.derive("sogo", connection, site, *found)


@registry.guard
def alias_domains_unused(connection: sa.Connection, site: Site, *names: str) -> None:
    """No alias lives in the alias domains."""
    for name in _aliases_in(connection, names):
        raise UserError("domain_not_empty", name)
