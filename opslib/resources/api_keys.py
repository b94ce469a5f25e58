"""Named API keys: limited to resources, domains and verbs, expiring, stored as a digest and shown once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from opslib import apikeys
from opslib.fields import Bits, Flag, Lines, Text
from opslib.plan import Plan
from opslib.query import Selection
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources.changes import Utc
from opslib.schema.console import ops_api_key
from opslib.verb import Verb

if TYPE_CHECKING:
    from opslib.ops import Ops

ADMIN = ("admin",)
VERBS = {"get": "read", "add": "add", "edit": "edit", "delete": "delete"}
LIMITED = (
    "domains",
    "alias_domains",
    "mailboxes",
    "aliases",
    "temporary_aliases",
    "resources",
    "app_passwords",
    "policies",
    "footers",
    "mta_sts",
    "domain_templates",
    "mailbox_templates",
    "settings",
)
RESOURCES = {name: name.replace("_", " ") for name in LIMITED}
READ: dict[str, Any] = {"on_add": False, "on_edit": False}


def _domains(ops: Ops) -> dict[Any, str]:
    return {name: name for name in ops.resource("domains").keys(ops.every())}


class Domains(Lines):
    """Domains in reach of a key."""

    def item(self, text: str) -> str:
        return super().item(text).lower()


class ApiKey(Record):
    """One named key."""

    label = Text(
        label="Name", doc="What the key is for; changes made with it stand under this name.", required=True, length=64,
        pattern=r"[A-Za-z0-9][A-Za-z0-9_.-]*", grid=True, search=True, on_edit=False, bulk=False, group="Key", width=180,
    )  # fmt: skip
    active = Flag(True, label="Active", doc="The key is accepted.", grid=True, group="Key", width=80)
    read_only = Flag(
        False, label="Read only", doc="Nothing can be changed with it.", grid=True, group="Limits", width=90
    )
    domains = Domains(
        (), label="Domains", doc="The key acts like a domain administrator of these; empty for all.", grid=True,
        choices=_domains, group="Limits", width=200,
    )  # fmt: skip
    resources = Bits(
        (), label="Resources", doc="What may be read and changed with it; empty for everything.", choices=RESOURCES,
        grid=True, separator="\n", group="Limits", width=200,
    )  # fmt: skip
    verbs = Bits(
        (), label="Verbs", doc="What may be done with it; empty for everything.", choices=VERBS, separator="\n",
        group="Limits", width=140,
    )  # fmt: skip
    expires = Utc(
        label="Expires", doc="When it stops working: a date, or 90d, 12h, 1y from now; empty for never.", grid=True,
        group="Limits", width=150,
    )  # fmt: skip
    used = Utc(label="Last used", doc="When it was last accepted.", grid=True, width=150, **READ)
    used_from = Text(label="Used from", doc="Address of the client that last used it.", width=150, **READ)
    created = Utc(label="Created", doc="When it was made.", width=150, **READ)
    created_by = Text(label="Made by", doc="Account that made it.", width=140, **READ)


class ApiKeys(Resource):
    """Named keys; for administrators."""

    name = "api_keys"
    label = "API keys"
    singular = "API key"
    doc = "Keys for programs, each with its own limits and end."
    icon = "vpn_key"
    record = ApiKey
    table = ops_api_key
    key = "label"
    default_sort = ("label",)
    writers = ADMIN

    # -- parsing -------------------------------------------------------------------------------------------------
    def add_many(self, rows: Sequence[Mapping[str, Any]]) -> Plan:
        return super().add_many([self._ended(row) for row in rows])

    def edit_rows(self, rows: Mapping[Any, Mapping[str, Any]], seen: Any = None) -> Plan:
        return super().edit_rows({key: self._ended(row) for key, row in rows.items()}, seen)

    def _ended(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values with a span such as 90d turned into the moment it ends."""
        text = given.get("expires")
        if not isinstance(text, str) or not re.fullmatch(r"\s*\d{1,5}\s*[hdwyHDWY]\s*", text):
            return given
        return {**given, "expires": apikeys.until(text, self.site.now().replace(tzinfo=UTC))}

    # -- rules and writes ----------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        taken = {name.casefold() for name in self.current([d.key for d in drafts], ())}
        for draft in drafts:
            if draft.ok and draft.key.casefold() in taken:
                draft.fail("object_exists", draft.key, field="label")
            taken.add(str(draft.key).casefold())
        self._check_domains(drafts)

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        self._check_domains(drafts)

    def _check_domains(self, drafts: Sequence[Draft]) -> None:
        wanted = {name for draft in drafts for name in draft.values.get("domains") or ()}
        known = self.ops.resource("domains").current(sorted(wanted), ()) if wanted else {}
        for draft in drafts:
            for name in draft.values.get("domains") or ():
                if name not in known:
                    draft.fail("domain_not_found", name, field="domains")

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            values = {**self.plain(draft.values), **self._fresh(plan, draft.key)}
            values |= {"created": self.site.now(), "created_by": self.actor.name}
            values.pop("label")
            plan.insert("ops_api_key", {"label": draft.key}, values, draft.key)

    def _fresh(self, plan: Plan, name: str) -> dict[str, str]:
        """The digest of a new key, which is handed out with the plan."""
        plan.generated[name] = key = apikeys.make(self.site, apikeys.NAMED_GROUPS)
        return {"digest": apikeys.digest(key)}

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_delete(plan, drafts)
        plan.final.append("a deleted API key")

    # -- a new key -----------------------------------------------------------------------------------------------
    def special(self) -> list[Verb]:
        doc = "Make a new key with the same limits and show it once; the old one stops working."
        return [Verb("renew", "New key", doc, self._renew, roles=ADMIN, danger=True, icon="autorenew")]

    def _renew(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        plan = self.plan("renew", "")
        plan.warn("key_replaced")
        found = list(self.current(self.keys(selection), ()).values())
        for draft in found:
            before = {"digest": draft.raw["digest"]}
            plan.write("ops_api_key", {"label": draft.raw["label"]}, before, self._fresh(plan, draft.key), draft.key)
            plan.succeed("object_modified", draft.key, subject=draft.key)
        plan.label = self._headline("Renew", found)
        return plan
