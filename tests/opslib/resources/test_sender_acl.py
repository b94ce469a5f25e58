from __future__ import annotations

from collections.abc import Iterable

import pytest
import sqlalchemy as sa

from opslib.errors import UserError
from opslib.ops import Ops
from tests.opslib.resources.support import (
    add_alias,
    add_alias_domain,
    add_domain,
    add_mailbox,
    add_row,
    domain_admin,
    keys_of,
    make_ops,
    rows,
    snapshot,
)

ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@other.example"


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    add_domain(engine, "example.org")
    add_alias_domain(engine, "example.net", "example.org")
    add_domain(engine, "other.example")
    add_alias_domain(engine, "other.test", "other.example")
    for name in (ANN, BOB, EVE):
        add_mailbox(engine, name)
    add_alias(engine, "info@example.org", BOB)
    return make_ops(engine)


@pytest.fixture
def tenant(ops: Ops) -> Ops:
    return ops.acting_as(domain_admin(ops.site.engine, "dora", "example.org", bits=["extend_sender_acl"]))


def give(engine: sa.Engine, *entries: str, external: int = 0) -> None:
    for entry in entries:
        add_row(engine, "sender_acl", logged_in_as=ANN, send_as=entry, external=external)


def rights(ops: Ops, external: int = 0) -> list[str]:
    return sorted(r["send_as"] for r in rows(ops.site.engine, "sender_acl", logged_in_as=ANN, external=external))


def allow(ops: Ops, entries: Iterable[str] | str, field: str = "sender_acl") -> int | None:
    return ops.commit(ops.mailboxes.edit(ANN, {field: entries})).change_id


def test_entries_of_this_server(ops: Ops) -> None:
    before = snapshot(ops.site.engine)
    change = allow(ops, "Info@example.org, bob@example.org example.net;@other.example")
    assert rights(ops) == ["@example.net", "@other.example", "bob@example.org", "info@example.org"]
    assert ops.mailboxes.get(ANN)["sender_acl"] == tuple(rights(ops))
    assert change is not None
    ops.commit(ops.undo(change))
    assert snapshot(ops.site.engine)["sender_acl"] == before["sender_acl"]


def test_rows_that_stay_are_not_touched(ops: Ops) -> None:
    give(ops.site.engine, "@example.org", "info@example.org")
    ids = {r["send_as"]: r["id"] for r in rows(ops.site.engine, "sender_acl")}
    allow(ops, ["info@example.org", BOB])
    after = {r["send_as"]: r["id"] for r in rows(ops.site.engine, "sender_acl")}
    assert set(after) == {"info@example.org", BOB}
    assert after["info@example.org"] == ids["info@example.org"]


def test_a_star_stands_for_everything(ops: Ops) -> None:
    allow(ops, ["*", "info@example.org"])
    assert rights(ops) == ["*"]
    allow(ops, ["default"])
    assert rights(ops) == []


@pytest.mark.parametrize("entry", ["nonsense@", "@unknown.example", "nobody@example.org", "x@unknown.example", "a b@c"])
def test_unknown_entries_are_refused(ops: Ops, entry: str) -> None:
    assert keys_of(ops.mailboxes.edit(ANN, {"sender_acl": [entry]})) == {"sender_acl_invalid"}


def test_what_an_alias_allows_already_is_not_said_twice(ops: Ops, engine: sa.Engine) -> None:
    add_alias(engine, "open@example.org", ANN, BOB)
    add_alias(engine, "blocked@example.org", ANN, sender_allowed=0)
    allow(ops, ["open@example.org", "blocked@example.org"])
    assert rights(ops) == ["blocked@example.org"]


def test_an_administrator_may_clear_leftovers(ops: Ops) -> None:
    give(ops.site.engine, "long-gone@example.org", "@long-gone.example")
    allow(ops, ["@long-gone.example"])
    assert rights(ops) == ["@long-gone.example"]


def test_a_tenant_keeps_what_he_has_no_access_to(tenant: Ops) -> None:
    give(tenant.site.engine, "@other.example", EVE, "info@example.org")
    allow(tenant, [BOB])
    assert rights(tenant) == ["@other.example", BOB, EVE]
    allow(tenant, [EVE, "@other.example"])
    assert rights(tenant) == ["@other.example", EVE]


def test_a_tenant_cannot_take_back_or_give_the_star(tenant: Ops) -> None:
    allow(tenant, ["*", BOB])
    assert rights(tenant) == [BOB]
    give(tenant.site.engine, "*")
    allow(tenant, ["info@example.org"])
    assert rights(tenant) == ["*"]


@pytest.mark.parametrize("entry", [EVE, "@other.example", "other.test", "x@other.test", "@unknown.example"])
def test_a_tenant_cannot_send_as_another(tenant: Ops, entry: str) -> None:
    """Not as a local sender, and not by calling him external."""
    assert keys_of(tenant.mailboxes.edit(ANN, {"sender_acl": [entry]})) == {"sender_acl_invalid"}
    if "unknown" not in entry:
        plan = tenant.mailboxes.edit(ANN, {"extended_sender_acl": [entry]})
        assert keys_of(plan) == {"extra_acl_invalid_domain"}


def test_external_senders(tenant: Ops) -> None:
    give(tenant.site.engine, "info@example.org")
    allow(tenant, "Me@Elsewhere.example @far.example near.example", "extended_sender_acl")
    assert rights(tenant, 1) == ["@far.example", "@near.example", "me@elsewhere.example"]
    assert rights(tenant) == ["info@example.org"]
    (shown,) = (r["ext_acl"] for r in rows(tenant.site.engine, "_sogo_static_view", c_uid=ANN))
    assert shown == "me@elsewhere.example"
    allow(tenant, [], "extended_sender_acl")
    assert rights(tenant, 1) == []


@pytest.mark.parametrize(
    ("entry", "key"),
    [("*", "extra_acl_invalid"), ("no@", "extra_acl_invalid"), ("x@EXAMPLE.org", "extra_acl_invalid_domain"),
     ("@example.net", "extra_acl_invalid_domain")],
)  # fmt: skip
def test_rules_for_external_senders(ops: Ops, entry: str, key: str) -> None:
    assert keys_of(ops.mailboxes.edit(ANN, {"extended_sender_acl": [entry]})) == {key}


def test_external_senders_need_their_right(ops: Ops) -> None:
    plain = ops.acting_as(domain_admin(ops.site.engine, "dora", "example.org"))
    plan = plain.mailboxes.edit(ANN, {"extended_sender_acl": ["me@elsewhere.example"]})
    assert plan.empty and plan.refused


def test_a_domain_that_arrives_meanwhile_is_not_external(ops: Ops) -> None:
    plan = ops.mailboxes.edit([ANN, BOB], {"extended_sender_acl": ["@soon.example"]})
    assert sum(guard.name == "external_senders_foreign" for guard in plan.guards) == 1
    add_domain(ops.site.engine, "soon.example")
    with pytest.raises(UserError) as caught:
        ops.commit(plan)
    assert caught.value.key == "extra_acl_invalid_domain"
    assert rights(ops, 1) == []
