"""Domain-wide footers: every domain has one, empty until it is written (addresses.md 7.6, 20.17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from opslib import scopes
from opslib.actor import Actor
from opslib.fields import DomainName, Flag, Lines, Multiline
from opslib.plan import Guard, Plan, Row
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources.rules import CHUNK
from opslib.schema import alias, alias_domain, domain, domain_wide_footer, mailbox
from opslib.stores.database import chunks, read

LONGEST = 1 << 18
EMPTY: Row = {"html": "", "plain": "", "mbox_exclude": [], "alias_domain_exclude": [], "skip_replies": 0}


def _of(name: str) -> sa.ColumnElement[Any]:
    query = sa.select(domain_wide_footer.c[name]).where(domain_wide_footer.c.domain == domain.c.domain)
    return query.correlate(domain).scalar_subquery()


class Excluded(Lines):
    """Names kept as a JSON array."""

    def load(self, stored: Any) -> Any:
        return tuple(str(item) for item in stored) if isinstance(stored, list) else ()

    def store(self, value: Any) -> Any:
        return list(value or ())

    def item(self, text: str) -> str:
        return super().item(text).lower()


class Footer(Record):
    """The footer of one domain."""

    domain = DomainName(
        label="Domain",
        doc="Domain whose outgoing mail gets the footer.",
        on_edit=False,
        grid=True,
        search=True,
        width=220,
    )
    plain = Multiline(
        "", label="Plain text", doc="Footer of plain text mail. {= from_name =} and the like are filled in.",
        sql=_of("plain"), column=None, missing="", length=LONGEST, grid=True, sortable=False, width=260,
    )  # fmt: skip
    html = Multiline(
        "", label="HTML", doc="Footer of HTML mail. {= from_name =} and the like are filled in.", sql=_of("html"),
        column=None, missing="", length=LONGEST, sortable=False,
    )  # fmt: skip
    skip_replies = Flag(
        False, label="Not on replies", doc="Replies get no footer.", sql=_of("skip_replies"), column=None, missing=False,
        grid=True, width=100,
    )  # fmt: skip
    mbox_exclude = Excluded(
        (), label="Without footer", doc="Mailboxes and aliases of the domain that get no footer.",
        sql=_of("mbox_exclude"), column=None, missing=(), sortable=False, filterable=False, bulk=False, grid=True,
    )  # fmt: skip
    alias_domain_exclude = Excluded(
        (), label="Alias domains without footer", doc="Alias domains of the domain that get no footer.",
        sql=_of("alias_domain_exclude"), column=None, missing=(), sortable=False, filterable=False, bulk=False,
    )  # fmt: skip


class Footers(Resource):
    """One footer per domain; it can only be edited."""

    name = "footers"
    label = "Footers"
    singular = "footer"
    doc = "Text that is put below all outgoing mail of a domain."
    icon = "notes"
    record = Footer
    table = domain
    key = "domain"
    default_sort = ("domain",)
    can = ("edit",)
    consults = ("plain", "html", "skip_replies", "mbox_exclude", "alias_domain_exclude")
    modified_key = "domain_footer_modified"

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_domain(actor, domain.c.domain, with_alias_domains=False)

    # -- rules ---------------------------------------------------------------------------------------------------
    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        """What is excluded must be an address or an alias domain of this very domain: others are not told apart."""
        addresses = {item for draft in drafts for item in draft.values.get("mbox_exclude", ())}
        names = {str(draft.key) for draft in drafts if "alias_domain_exclude" in draft.values or addresses}
        with read(self.site.engine) as connection:
            owned = _alias_domains(connection, names)
            homes = _homes(connection, addresses)
        for draft in drafts:
            name = str(draft.key)
            for item in draft.values.get("mbox_exclude", ()):
                if homes.get(item) not in {name, *owned[name]}:
                    draft.fail("username_invalid", item, field="mbox_exclude")
            for item in draft.values.get("alias_domain_exclude", ()):
                if item not in owned[name]:
                    draft.fail("username_invalid", item, field="alias_domain_exclude")

    # -- writes --------------------------------------------------------------------------------------------------
    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        names = [str(draft.key) for draft in drafts]
        plan.domains |= set(names)
        standing = self._standing(names)
        fields = self.record.fields()
        for draft in drafts:
            name = str(draft.key)
            after = {field: fields[field].store(value) for field, value in draft.values.items()}
            row = standing.get(name)
            if row is None:
                plan.insert("domain_wide_footer", {"domain": name}, {**EMPTY, **after}, name)
            else:
                before = {field: row[field] for field in after}
                plan.write("domain_wide_footer", {"domain": row["domain"]}, before, after, name)
        plan.guard("domains_exist", *names)
        plan.undo_guards.append(Guard("domains_exist", tuple(names)))

    def _standing(self, names: Sequence[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        with read(self.site.engine) as connection:
            for chunk in chunks(list(names), CHUNK):
                query = sa.select(domain_wide_footer).where(domain_wide_footer.c.domain.in_(chunk))
                found.update({row["domain"].lower(): dict(row) for row in connection.execute(query).mappings()})
        return found


def _alias_domains(connection: sa.Connection, names: set[str]) -> dict[str, set[str]]:
    """Alias domains of each domain."""
    found: dict[str, set[str]] = defaultdict(set)
    for chunk in chunks(sorted(names), CHUNK):
        query = sa.select(alias_domain.c.target_domain, alias_domain.c.alias_domain)
        for target, name in connection.execute(query.where(alias_domain.c.target_domain.in_(chunk))):
            found[target.lower()].add(name.lower())
    return found


def _homes(connection: sa.Connection, addresses: set[str]) -> dict[str, str]:
    """Domain of each address that is a mailbox or an alias."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(addresses), CHUNK):
        for column, home in ((mailbox.c.username, mailbox.c.domain), (alias.c.address, alias.c.domain)):
            rows = connection.execute(sa.select(column, home).where(column.in_(chunk)))
            found.update({address.lower(): name.lower() for address, name in rows})
    return found
