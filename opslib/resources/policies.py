"""Allow and deny lists of domains and mailboxes: which senders always or never get through (addresses.md 15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from opslib import names, registry, scopes
from opslib.actor import Actor
from opslib.errors import Problem, UserError
from opslib.fields import Choice, Integer, Moment, Text
from opslib.plan import Guard, Plan
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources.rules import CHUNK, domain_part
from opslib.schema import alias_domain, domain, filterconf, mailbox
from opslib.site import Site
from opslib.stores.database import chunks, read

LISTS = {"whitelist_from": "allow", "blacklist_from": "deny"}
EVERYONE = ("admin", "domainadmin", "user")


class Pattern(Text):
    """A sender: an address, a domain, or a pattern with `*`."""

    def read(self, raw: Any) -> str:
        try:
            return names.sender_pattern(super().read(raw))
        except names.Invalid:
            raise UserError("policy_list_from_invalid") from None


class Policy(Record):
    """One entry of an allow or deny list."""

    prefid = Integer(label="Id", doc="Number of the entry.", on_add=False, on_edit=False, width=80)
    object = Text(
        label="For", doc="Domain or mailbox that the entry holds for.", required=True, on_edit=False, bulk=False, grid=True,
        search=True, length=255, roles=EVERYONE, width=220,
    )  # fmt: skip
    list = Choice(
        "blacklist_from", label="List", doc="allow: never spam; deny: always refused.", choices=LISTS, column="option",
        grid=True, roles=EVERYONE, width=100,
    )  # fmt: skip
    pattern = Pattern(
        label="Sender", doc="Address, domain or pattern; * stands for any text.", required=True, column="value", grid=True,
        search=True, length=100, roles=EVERYONE, width=260,
    )  # fmt: skip
    created = Moment(label="Created", doc="When the entry was added.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When the entry was last changed.", on_add=False, on_edit=False)


class Policies(Resource):
    """Entries of allow and deny lists.  The owner of a mailbox sees its domain's entries too, and writes his own."""

    name = "policies"
    label = "Allow and deny lists"
    singular = "list entry"
    doc = "Senders whose mail is never or always refused, for a domain or one mailbox."
    icon = "rule"
    record = Policy
    table = filterconf
    key = "prefid"
    natural = ("object", "pattern")
    default_sort = ("object", "pattern")
    writers = EVERYONE
    removed_key = "item_deleted"

    def restriction(self) -> sa.ColumnElement[bool] | None:
        return filterconf.c.option.in_(LISTS)

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        if actor.is_admin:
            return None
        if actor.role == "user":
            own = sa.select(mailbox.c.domain).where(mailbox.c.username == actor.name)
            return sa.or_(filterconf.c.object == actor.name, filterconf.c.object.in_(own))
        of_domain = scopes.by_domain(actor, filterconf.c.object)
        of_mailbox = scopes.by_mailbox(actor, filterconf.c.object)
        assert of_domain is not None and of_mailbox is not None  # noqa: S101
        return sa.or_(of_domain, of_mailbox)

    def may(self, verb: str) -> bool:
        return super().may(verb) and self.actor.may("spam_policy")

    def title(self, draft: Draft) -> str:
        return str(draft.after("object")) if draft.values else str(draft.key)

    # -- rules ---------------------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            if draft.values.get("object"):
                draft.values["object"] = draft.values["object"].lower()
                draft.key = f"{draft.values['object']}: {draft.values.get('pattern', '')}"
        reachable = self._reachable({d.values["object"] for d in drafts if d.values.get("object")})
        for draft in drafts:
            if draft.values.get("object") and draft.values["object"] not in reachable:
                draft.fail("access_denied", field="object")
        self._check_unique(drafts)

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        self._check_own(drafts)
        self._check_unique([draft for draft in drafts if "pattern" in draft.values])

    def check_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        self._check_own(drafts)

    def _check_own(self, drafts: Sequence[Draft]) -> None:
        """The owner of a mailbox reads the entries of its domain and writes only his own."""
        for draft in drafts:
            if self.actor.role == "user" and draft.before["object"].lower() != self.actor.name.lower():
                draft.fail("access_denied", field="object")

    def _reachable(self, wanted: set[str]) -> set[str]:
        """Which of the objects the actor may write for: domains and alias domains, mailboxes."""
        if self.actor.role == "user":
            return wanted & {self.actor.name.lower()}
        found: set[str] = set()
        with read(self.site.engine) as connection:
            for column, home in _OBJECTS:
                clause = scopes.by_domain(self.actor, home, with_alias_domains=False)
                for chunk in chunks(sorted(wanted), CHUNK):
                    query = sa.select(column).where(column.in_(chunk), *([] if clause is None else [clause]))
                    found |= {name.lower() for name in connection.scalars(query)}
        return found & wanted

    def _check_unique(self, drafts: Sequence[Draft]) -> None:
        ready = [draft for draft in drafts if draft.after("object") and draft.after("pattern")]
        used = self._used({draft.after("object").lower() for draft in ready})
        for draft in ready:
            entry = (draft.after("object").lower(), draft.after("pattern"))
            if entry in used:
                draft.problems.append(Problem("policy_list_from_exists", (), "pattern"))
            used.add(entry)

    def _used(self, objects: set[str]) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        with read(self.site.engine) as connection:
            for chunk in chunks(sorted(objects), CHUNK):
                mine = (filterconf.c.object.in_(chunk), filterconf.c.option.in_(LISTS))
                rows = connection.execute(sa.select(filterconf.c.object, filterconf.c.value).where(*mine))
                found |= {(name.lower(), value.lower()) for name, value in rows}
        return found

    # -- writes --------------------------------------------------------------------------------------------------
    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            columns = self.plain(draft.values)
            key = {name: columns.pop(name) for name in ("object", "option", "value")}
            plan.insert("filterconf", key, columns, str(draft.key))
        self._around(plan, [draft.values["object"] for draft in drafts])

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_edit(plan, drafts)
        self._around(plan, [draft.before["object"] for draft in drafts])

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_delete(plan, drafts)
        self._around(plan, [draft.before["object"] for draft in drafts])

    def _around(self, plan: Plan, objects: Sequence[str]) -> None:
        """Locks, guards, and the domains that the change concerns."""
        found = tuple(sorted({name.lower() for name in objects}))
        homes = {domain_part(name) for name in found}
        plan.lock("lock_domains", *sorted(homes))
        plan.guard("policies_unique", *found)
        plan.undo_guards.append(Guard("policies_unique", found))
        plan.domains |= homes


_OBJECTS = (
    (domain.c.domain, domain.c.domain),
    (alias_domain.c.alias_domain, alias_domain.c.target_domain),
    (mailbox.c.username, mailbox.c.domain),
)


@registry.guard
def policies_unique(connection: sa.Connection, site: Site, *objects: str) -> None:
    """After the writes no sender stands twice on the lists of an object."""
    for chunk in chunks(list(objects), CHUNK):
        entry = (sa.func.lower(filterconf.c.object), sa.func.lower(filterconf.c.value))
        mine = (filterconf.c.object.in_(chunk), filterconf.c.option.in_(LISTS))
        twice = sa.select(*entry).where(*mine).group_by(*entry).having(sa.func.count() > 1)
        if connection.execute(twice).first() is not None:
            raise UserError("policy_list_from_exists", field="pattern")
