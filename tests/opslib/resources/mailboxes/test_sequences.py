"""Any sequence of verbs leaves a site that keeps the contract, and a tenant reaches nothing of the other."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from opslib.actor import Actor
from opslib.errors import UserError
from opslib.plan import Plan
from opslib.schema import metadata
from opslib.stores.database import write
from opslib.verify import verify
from tests.opslib.resources.support import domain_admin, make_ops, rows

HASH = "{SSHA256}c2FsdGVkIGhhc2ggb2Ygbm90aGluZyBhdCBhbGwsIHJlYWxseSBub3RoaW5n"
OWN, ALSO, OTHER = "example.org", "example.net", "other.example"
BITS = frozenset(
    {"alias_domains", "extend_sender_acl", "ratelimit", "protocol_access", "tls_policy", "delimiter_action"}
)

locals_ = st.sampled_from(["a", "b", "c", "A", "a.b"])
domains = st.sampled_from([OWN, OTHER, ALSO])
boxes = st.builds("{}@{}".format, st.sampled_from(["a", "b", "c", "a.b"]), st.sampled_from([OWN, OTHER]))
addresses = st.builds("{}@{}".format, st.sampled_from(["", "a", "b", "x"]), domains)
who = st.sampled_from(["admin", "tenant"])
places = st.lists(st.integers(0, 5), min_size=1, max_size=2)
changes = st.fixed_dictionaries(
    {},
    optional={
        "active": st.sampled_from([0, 1, 2]),
        "quota": st.sampled_from(["0", "1", "300", "700"]),
        "tags": st.lists(st.sampled_from(["x", "X", "y"]), max_size=2),
        "rate_limit": st.sampled_from(["", "5/h"]),
        "tagged_mail_handler": st.sampled_from(["none", "subject", "subfolder"]),
        "spam_score": st.sampled_from(["", "3,6"]),
        "imap_access": st.booleans(),
        "sender_acl": st.lists(st.one_of(boxes, addresses, st.just("*")), max_size=2),
        "extended_sender_acl": st.sampled_from(["", "x@elsewhere.example", f"@{OTHER}"]),
    },
)


def empty(engine: sa.Engine) -> None:
    with write(engine) as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in {"versions", "templates"}:
                connection.execute(table.delete())


class Site(RuleBasedStateMachine):
    """Two domains and one alias domain; an administrator, and a domain administrator of the first domain."""

    engine: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        empty(self.engine)
        self.ops = make_ops(self.engine)
        for name in (OWN, OTHER):
            limits = {"mailboxes": "3", "aliases": "4", "quota": "1000", "maxquota": "800", "defquota": "300"}
            self.ops.commit(self.ops.domains.add({"domain": name, **limits}), partial=True)
        self.ops.commit(self.ops.alias_domains.add({"alias_domain": ALSO, "target_domain": OWN}))
        domain_admin(self.engine, "dora", OWN)
        self.tenant = self.ops.acting_as(Actor("dora", "domainadmin", BITS))
        for name in (f"a@{OWN}", f"b@{OWN}", f"a@{OTHER}"):
            local, _, domain = name.partition("@")
            given = {"local_part": local, "domain": domain, "password": HASH, "quota": "300"}
            self.ops.commit(self.ops.mailboxes.add(given))
        self.done: list[int] = []

    def some(self, places: list[int]) -> list[str]:
        """Mailboxes that are there, whosoever's."""
        there = [row["username"] for row in rows(self.engine, "mailbox")]
        return list(dict.fromkeys(there[place % len(there)] for place in places)) if there else []

    def do(self, name: str, make: Any) -> None:
        ops = self.ops if name == "admin" else self.tenant
        before = foreign(self.engine) if name == "tenant" else None
        try:
            plan: Plan = make(ops)
            change = ops.commit(plan, partial=True).change_id
        except UserError:
            change = None
        if change is not None:
            self.done.append(change)
        if before is not None:
            assert foreign(self.engine) == before

    @rule(
        who=who,
        local=locals_,
        domain=domains,
        quota=st.sampled_from(["", "0", "500"]),
        active=st.sampled_from([0, 1, 2]),
    )
    def add(self, who: str, local: str, domain: str, quota: str, active: int) -> None:
        given = {"local_part": local, "domain": domain, "password": HASH if who == "admin" else "Spring-2026"}
        self.do(who, lambda ops: ops.mailboxes.add_many([{**given, "quota": quota, "active": active}]))

    @rule(who=who, which=places, changes=changes)
    def edit(self, who: str, which: list[int], changes: dict[str, Any]) -> None:
        self.do(who, lambda ops: ops.mailboxes.edit(self.some(which), changes))

    @rule(who=who, which=places, local=locals_, keep=st.booleans())
    def rename(self, who: str, which: list[int], local: str, keep: bool) -> None:
        given = {"new_local_part": local, "keep_alias": keep}
        self.do(who, lambda ops: ops.mailboxes.run("rename", self.some(which[:1]), given))

    @rule(who=who, which=places)
    def delete(self, who: str, which: list[int]) -> None:
        self.do(who, lambda ops: ops.mailboxes.delete(self.some(which)))

    @rule(who=who, address=addresses, goto=st.lists(st.one_of(boxes, addresses), min_size=1, max_size=2))
    def add_alias(self, who: str, address: str, goto: list[str]) -> None:
        if who == "tenant":
            goto = [target for target in goto if not target.endswith(OTHER)] or ["x@elsewhere.example"]
        self.do(who, lambda ops: ops.aliases.add_many([{"address": address, "goto": goto}]))

    @rule(place=st.integers(0, 3), who=who)
    def delete_alias(self, who: str, place: int) -> None:
        self.do(who, lambda ops: ops.aliases.delete(list(ops.aliases.frame(names=[]).index)[place : place + 1]))

    @rule(who=who, add=st.sampled_from([True, True, False]))
    def alias_domain(self, who: str, add: bool) -> None:
        given = {"alias_domain": ALSO, "target_domain": OWN}
        self.do(who, lambda ops: ops.alias_domains.add_many([given]) if add else ops.alias_domains.delete(ALSO))

    @rule(who=who, back=st.integers(1, 3))
    def undo(self, who: str, back: int) -> None:
        if back <= len(self.done):
            self.do(who, lambda ops: ops.undo(self.done[-back]))

    def teardown(self) -> None:
        """A whole check is the dearest part, and shrinking finds the step as well."""
        assert [f"{f.invariant}: {f.sentence}" for f in verify(self.ops.site) if f.severity == "error"] == []

    @invariant()
    def shows_the_tenant_his_own(self) -> None:
        frame = self.tenant.mailboxes.frame(names=["domain"])
        assert set(frame["domain"]) <= {OWN}
        assert len(frame) == len(rows(self.engine, "mailbox", domain=OWN))


def foreign(engine: sa.Engine) -> dict[str, list[dict[str, Any]]]:
    """Rows of the other tenant, less those of his that a vanished mailbox of ours takes along by the contract."""
    owner = {"mailbox": "domain", "alias": "address", "quota2": "username", "user_acl": "username", "sender_acl": "logged_in_as",
             "tags_mailbox": "username", "filterconf": "object", "spamalias": "address", "domain": "domain"}  # fmt: skip
    ours = f"@{OWN}", f"@{ALSO}"
    found = {}
    for table, column in owner.items():
        mine = [row for row in rows(engine, table) if str(row[column]).endswith(OTHER)]
        found[table] = [
            {k: v for k, v in row.items() if k != "modified"}
            for row in mine
            if not any(end in str(row) for end in ours)
        ]
    return found


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_any_sequence_of_verbs(engine: sa.Engine) -> None:
    machine = type("On", (Site,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
