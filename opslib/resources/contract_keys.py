"""The two keys of the contract's own table, one that only reads and one that writes too (access.md 10.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opslib import apikeys
from opslib.errors import UserError
from opslib.fields import Choice, Flag, Lines, Moment
from opslib.plan import Plan, Row
from opslib.query import Selection
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.schema import api
from opslib.verb import Verb

ADMIN = ("admin",)
ACCESS = {"ro": "read only", "rw": "read and write"}
LONGEST = 512  # all entries together, joined by commas


class Networks(Lines):
    """Addresses and networks."""

    def item(self, text: str) -> str:
        return apikeys.network(text)

    def read(self, raw: Any) -> tuple[str, ...]:
        found = super().read(raw)
        if len(self.store(found)) > LONGEST:
            raise UserError("value_too_long", LONGEST, len(self.store(found)))
        return found


class ContractKey(Record):
    """One of the two keys.  The key itself is never read here."""

    access = Choice(
        "ro", label="Access", doc="What it may do.", choices=ACCESS, required=True, on_edit=False, bulk=False, grid=True,
    )  # fmt: skip
    active = Flag(True, label="Active", doc="The key is accepted.", grid=True)
    allow_from = Networks(
        (), label="Allowed from", doc="Addresses and networks it is accepted from.", separator=",", grid=True,
    )  # fmt: skip
    skip_ip_check = Flag(False, label="From anywhere", doc="The list of addresses is not looked at.", grid=True)
    created = Moment(label="Created", doc="When it was first made.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When it was last changed.", on_add=False, on_edit=False)


class ContractKeys(Resource):
    """At most one row per access; for administrators."""

    name = "contract_keys"
    label = "Server API keys"
    singular = "server API key"
    doc = "The two API keys of the mail server itself, which mailcow's own interface knows too."
    icon = "key"
    record = ContractKey
    table = api
    key = "access"
    default_sort = ("access",)
    writers = ADMIN
    added_key = modified_key = "admin_api_modified"
    removed_key = "item_deleted"

    # -- rules ---------------------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        there = self.current([draft.key for draft in drafts], ())
        for draft in drafts:
            if draft.key in there:
                draft.fail("object_exists", ACCESS[draft.key], field="access")
            self._check_list(draft)

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            self._check_list(draft)

    @staticmethod
    def _check_list(draft: Draft) -> None:
        if not draft.problems and not draft.after("skip_ip_check") and not draft.after("allow_from"):
            draft.fail("ip_list_empty", field="allow_from")

    # -- writes --------------------------------------------------------------------------------------------------
    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            columns = self.plain(draft.values)
            key = {"access": columns.pop("access")}
            plan.insert("api", key, {**columns, **self._fresh(plan, draft.key)}, draft.key)

    def _fresh(self, plan: Plan, access: str) -> Row:
        plan.generated[ACCESS[access]] = key = apikeys.make(self.site, apikeys.CONTRACT_GROUPS)
        return {"api_key": key}

    def title(self, draft: Draft) -> str:
        return ACCESS.get(str(draft.key), str(draft.key))

    # -- a new key -----------------------------------------------------------------------------------------------
    def special(self) -> list[Verb]:
        doc = "Make a new key and show it once; the old one stops working."
        return [Verb("renew", "New key", doc, self._renew, roles=ADMIN, danger=True, icon="autorenew")]

    def _renew(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        plan = self.plan("renew", "")
        plan.warn("key_replaced")
        found = list(self.current(self.keys(selection), ()).values())
        for draft in found:
            before = {"api_key": draft.raw["api_key"]}
            plan.write("api", self.row_key(draft), before, self._fresh(plan, draft.key), draft.key)
            plan.succeed("admin_api_modified", subject=draft.key)
        plan.label = f"New {' and '.join(self.title(draft) for draft in found)} key"
        return plan
