"""MTA-STS policies: what other servers may rely on when they deliver here (addresses.md 7.8, RFC 8461)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib import names, scopes
from opslib.actor import Actor
from opslib.errors import UserError
from opslib.fields import Choice, DomainName, Flag, Integer, Lines
from opslib.plan import Guard, Plan, Row
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources.domains import naming
from opslib.schema import mta_sts
from opslib.stores.database import read

if TYPE_CHECKING:
    from opslib.ops import Ops

MODES = {"enforce": "enforce", "testing": "testing", "none": "none"}
VERSIONS = {"stsv1": "STSv1"}
YEAR_S = 31557600
LONGEST = 255  # all MX names together
POLICY = ("version", "mode", "mx", "max_age")


def _domains(ops: Ops) -> dict[Any, str]:
    return {name: name for name in ops.resource("domains").keys(ops.every())}


class Seconds(Integer):
    """A number of seconds that the contract keeps as text."""

    def store(self, value: Any) -> Any:
        return None if value is None else str(value)

    def clause(self, expression: sa.ColumnElement[Any], value: Any) -> Any:
        return value


class MxNames(Lines):
    """Patterns of MX names."""

    def item(self, text: str) -> str:
        try:
            return names.mx_pattern(text)
        except ValueError:
            raise UserError("mx_invalid", text) from None

    def read(self, raw: Any) -> tuple[str, ...]:
        found = super().read(raw)
        if len(self.store(found)) > LONGEST:
            raise UserError("value_too_long", LONGEST, len(self.store(found)))
        return found


class MtaSts(Record):
    """One policy."""

    domain = DomainName(
        label="Domain", doc="Domain that the policy is for; its alias domains serve it too.", required=True, on_edit=False,
        bulk=False, choices=_domains, grid=True, search=True, length=253, width=220,
    )  # fmt: skip
    active = Flag(True, label="Active", doc="The policy is served.", grid=True, width=80)
    mode = Choice(
        "testing", label="Mode", doc="enforce: deliver only to these servers by TLS; testing: deliver and report.",
        choices=MODES, grid=True, width=110,
    )  # fmt: skip
    mx = MxNames(
        (), label="MX names", doc="Names of the servers; a leading *. stands for one label.", separator=",", grid=True,
        search=True, width=260,
    )  # fmt: skip
    max_age = Seconds(
        604800, label="Maximum age", doc="How long other servers may keep the policy.", unit="s", grid=True, width=120,
        sql=sa.cast(mta_sts.c.max_age, sa.Integer),
    )  # fmt: skip
    version = Choice("stsv1", label="Version", doc="Version of the policy's form.", choices=VERSIONS, width=90)
    id = Integer(
        label="Policy id", doc="Changes whenever the text of the policy does.", on_add=False, on_edit=False, width=150
    )


class MtaStsPolicies(Resource):
    """One policy per domain."""

    name = "mta_sts"
    label = "MTA-STS policies"
    singular = "MTA-STS policy"
    doc = "What other servers may rely on when they deliver here: TLS, and to which servers."
    icon = "verified_user"
    record = MtaSts
    table = mta_sts
    key = "domain"
    default_sort = ("domain",)
    consults = ("max_age",)

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_domain(actor, mta_sts.c.domain)

    # -- rules ---------------------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        reach = self.ops.reach()
        named = [draft for draft in drafts if draft.values.get("domain")]
        wanted = {draft.values["domain"] for draft in named}
        used = set(self._existing(wanted))
        with read(self.site.engine) as connection:
            known = naming.relays(connection, wanted)
        for draft in named:
            name = draft.values["domain"]
            if reach is not None and name not in reach:
                draft.fail("access_denied", field="domain")
            elif name not in known:
                draft.fail("domain_not_found", name, field="domain")
            elif name in used:
                draft.fail("mta_sts_exists", name, field="domain")
            used.add(name)
        self._check(drafts)

    def _existing(self, wanted: set[str]) -> list[str]:
        with read(self.site.engine) as connection:
            query = sa.select(mta_sts.c.domain).where(mta_sts.c.domain.in_(wanted))
            return [name.lower() for name in connection.scalars(query)]

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        self._check(drafts)

    @staticmethod
    def _check(drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            complained = {problem.field for problem in draft.problems}
            age = draft.after("max_age")
            if "max_age" not in complained and (age is None or not 1 <= age <= YEAR_S):
                draft.fail("max_age_invalid", str(draft.key), field="max_age")
            if "mx" not in complained and not draft.after("mx"):
                draft.fail("mx_invalid", "", field="mx")

    # -- writes --------------------------------------------------------------------------------------------------
    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        names_ = tuple(str(draft.key) for draft in drafts)
        plan.domains |= set(names_)
        for draft in drafts:
            columns = {**self.plain(draft.values), **self._outside_plain(draft.values), "id": self._now()}
            plan.insert("mta_sts", {"domain": columns.pop("domain")}, columns, str(draft.key))
        plan.guard("domains_exist", *names_)

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        plan.domains |= {str(draft.key) for draft in drafts}
        for draft in drafts:
            after = {**self.plain(draft.values), **self._outside_plain(draft.values)}
            if draft.changes(*POLICY):
                after["id"] = max(self._now(), int(draft.raw["id"]) + 1)
            before = {name: draft.raw[name] for name in after}
            plan.write("mta_sts", {"domain": draft.raw["domain"]}, before, after, str(draft.key))

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        plan.domains |= {str(draft.key) for draft in drafts}
        super().write_delete(plan, drafts)
        plan.undo_guards.append(Guard("domains_exist", tuple(str(draft.key) for draft in drafts)))

    def _outside_plain(self, values: Row) -> Row:
        """`max_age` is read through a cast and so is no plain column."""
        field = self.record.fields()["max_age"]
        return {"max_age": field.store(values["max_age"])} if "max_age" in values else {}

    def _now(self) -> int:
        return int(f"{self.site.wall():%Y%m%d%H%M%S}")
