"""What both kinds of templates share: rows of one table, values in a JSON column, one protected Default (addresses.md 14).

An edit merges into the stored attributes: what is not given, and what other programs keep there, stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa

from opslib import registry
from opslib.actor import Actor
from opslib.errors import UserError
from opslib.fields import Field, RateLimit, Tags, json_text
from opslib.plan import Guard, Plan, Row
from opslib.resource import Draft, Resource
from opslib.resources.claims import claim
from opslib.schema import templates
from opslib.site import Site
from opslib.stores.database import read

if TYPE_CHECKING:
    from opslib.ops import Ops

DEFAULT = "Default"
HEAD = ("id", "template", "created", "modified")


# -- reading --------------------------------------------------------------------------------------------------------
def stored(site: Site, kind: str) -> dict[str, tuple[str, Row]]:
    """{id as text: (name, attributes)} of every template of a kind, in order of id."""
    query = sa.select(templates.c.id, templates.c.template, templates.c.attributes).where(templates.c.type == kind)
    with read(site.engine) as connection:
        rows = connection.execute(query.order_by(templates.c.id)).all()
    return {str(key): (name, attributes or {}) for key, name, attributes in rows}


def choices(ops: Ops, kind: str) -> dict[Any, str]:
    """Templates of a kind by id, to choose from."""
    return {key: name for key, (name, _) in stored(ops.site, kind).items()}


SAME_NAME = {
    "max_num_aliases_for_domain": "aliases",
    "max_num_mboxes_for_domain": "mailboxes",
    "def_quota_for_mbox": "defquota",
    "max_quota_for_mbox": "maxquota",
    "max_quota_for_domain": "quota",
    **{
        name: name
        for name in (
            "active",
            "gal",
            "backupmx",
            "relay_all_recipients",
            "relay_unknown_only",
            "dkim_selector",
            "key_size",
        )
    },
}


def domain_values(site: Site) -> dict[str, Row]:
    """Field values for a new domain by template id; quotas in bytes."""
    return {key: _domain_values(attributes) for key, (_, attributes) in stored(site, "domain").items()}


def _domain_values(attributes: Mapping[str, Any]) -> Row:
    values = {name: attributes[key] for key, name in SAME_NAME.items() if attributes.get(key) is not None}
    sizes: Row = {name: int(values[name]) for name in ("defquota", "maxquota", "quota") if name in values}
    return {**values, **sizes, "rate_limit": rate_limit(attributes), "tags": tuple(attributes.get("tags") or ())}


def rate_limit(attributes: Mapping[str, Any]) -> str:
    """Rate limit of a template as a field value."""
    value = str(attributes.get("rl_value") or "")
    return RateLimit.unwire(f"{value} / 1{attributes.get('rl_frame') or 's'}") if value else ""


def attribute(name: str) -> sa.ColumnElement[Any]:
    """SQL of one attribute, as text."""
    return json_text(templates.c.attributes, name)


def number(name: str) -> sa.ColumnElement[Any]:
    """SQL of one attribute, as a number to compare and sort by."""
    return sa.cast(attribute(name), sa.BigInteger)


class TemplateTags(Tags):
    """Tags kept as a JSON array among the attributes."""

    def load(self, stored: Any) -> Any:
        return tuple(sorted((stored or {}).get("tags") or ()))


class TemplateRate(RateLimit):
    """A rate limit kept as two attributes."""

    def load(self, stored: Any) -> Any:
        return rate_limit(stored or {})


# -- the resource ---------------------------------------------------------------------------------------------------
class Templates(Resource):
    """Base of the two kinds.  Everybody but mailbox users may read, only administrators write."""

    table = templates
    key = "id"
    natural = ("template",)
    default_sort = ("template",)
    writers = ("admin",)
    added_key = "template_added"
    modified_key = "template_modified"
    removed_key = "template_removed"
    icon = "dashboard_customize"
    kind: ClassVar[str]

    def restriction(self) -> sa.ColumnElement[bool] | None:
        return templates.c.type == self.kind

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return sa.false() if actor.role == "user" else None

    def title(self, draft: Draft) -> str:
        return str(draft.after("template"))

    def attributes_of(self, values: Row) -> Row:
        """Stored attributes of field values: numbers for flags and sizes, text for the rest."""
        fields = self.record.fields()
        found: Row = {}
        for name, value in values.items():
            if name not in HEAD:
                found.update(self.stored_attribute(fields[name], value))
        return found

    def stored_attribute(self, field: Field, value: Any) -> Row:
        """Attributes that one field is kept in."""
        if field.name == "rate_limit":
            number, _, frame = (value or "").partition("/")
            return {"rl_value": number, "rl_frame": frame or "s"}
        if field.name == "tags":
            return {"tags": list(value or ())}
        return {str(field.name): int(value) if isinstance(value, bool) else value}

    # -- rules and writes ----------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        self._check_names(drafts)
        for draft in drafts:
            self.check_values(draft)

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        self._check_names([draft for draft in drafts if "template" in draft.values])
        for draft in drafts:
            self.check_values(draft)

    def check_values(self, draft: Draft) -> None:
        """Rules for the attributes."""

    def _check_names(self, drafts: list[Draft]) -> None:
        used = {name.casefold() for name, _ in stored(self.site, self.kind).values()}
        for draft in drafts:
            name = draft.values.get("template")
            if not name:
                draft.problems = [problem for problem in draft.problems if problem.field != "template"]
                draft.fail("template_name_invalid", field="template")
            elif draft.before.get("template") == DEFAULT:
                draft.fail("template_default", field="template")
            elif name.casefold() in used - {str(draft.before.get("template")).casefold()}:
                draft.fail("template_exists", name, field="template")
            used.add(str(name).casefold())

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            key = {"template": draft.values["template"], "type": self.kind}
            plan.insert("templates", key, {"attributes": self.attributes_of(draft.values)}, str(draft.key))
        self._guard_names(plan, drafts)

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            merged = {**(draft.raw["attributes"] or {}), **self.attributes_of(draft.values)}
            before = {"template": draft.raw["template"], "attributes": draft.raw["attributes"]}
            after = {"template": draft.after("template"), "attributes": merged}
            plan.write("templates", {"id": draft.key}, before, after, str(draft.key))
        self._guard_names(plan, [draft for draft in drafts if "template" in draft.values])

    def check_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            if draft.before["template"] == DEFAULT:
                draft.fail("template_default")

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_delete(plan, drafts)
        plan.undo_guards.append(Guard("template_names_unique", (self.kind,)))

    def _guard_names(self, plan: Plan, drafts: list[Draft]) -> None:
        if drafts:
            plan.guard("template_names_unique", self.kind)
            plan.undo_guards.append(Guard("template_names_unique", (self.kind,)))


@registry.guard
def template_names_unique(connection: sa.Connection, site: Site, kind: str) -> None:
    """After the writes no two templates of a kind have one name."""
    claim(connection, f"template_names_{kind}")
    name = sa.func.lower(templates.c.template)
    query = sa.select(name).where(templates.c.type == kind).group_by(name).having(sa.func.count() > 1)
    twice = connection.scalar(query)
    if twice is not None:
        raise UserError("template_exists", twice, field="template")
