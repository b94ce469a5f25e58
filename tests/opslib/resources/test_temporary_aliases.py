from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given as drawn
from hypothesis import strategies as st

from opslib.errors import ServerError, UserError
from opslib.ops import Ops
from opslib.query import Query
from opslib.resources.temporary_aliases import local_part
from tests.opslib.resources.support import (
    NOW,
    add_alias,
    add_alias_domain,
    add_domain,
    add_mailbox,
    add_resource,
    add_row,
    domain_admin,
    keys_of,
    mailbox_user,
    make_ops,
    rows,
    snapshot,
)

ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@other.example"
EPOCH = int(NOW.timestamp())


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    add_domain(engine, "example.org")
    add_alias_domain(engine, "example.net", "example.org")
    add_domain(engine, "other.example")
    for name in (ANN, BOB, EVE):
        add_mailbox(engine, name)
    return make_ops(engine)


@pytest.fixture
def ann(ops: Ops) -> Ops:
    """The owner of a mailbox who may have temporary aliases."""
    return ops.acting_as(mailbox_user(ANN, "spam_alias"))


@pytest.fixture
def tenant(ops: Ops) -> Ops:
    return ops.acting_as(domain_admin(ops.site.engine, "dora", "example.org", bits=["spam_alias"]))


def add(engine: sa.Engine, address: str, goto: str, hours: int = 1, permanent: int = 0) -> str:
    validity = EPOCH + hours * 3600
    add_row(engine, "spamalias", address=address, goto=goto, description="d", validity=validity, permanent=permanent)
    return address


def key_of(raising: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        raising()
    return caught.value.key


# -- addresses ------------------------------------------------------------------------------------------------------
@drawn(st.text())
def test_local_parts_can_be_spoken(token: str) -> None:
    assert re.fullmatch(r"([b-df-hj-np-tv-z][aeiou]){5}\.([b-df-hj-np-tv-z][aeiou]){5}", local_part(token))


def test_local_parts_differ() -> None:
    assert len({local_part(str(n)) for n in range(5000)}) == 5000


# -- add ------------------------------------------------------------------------------------------------------------
def test_the_own_mailbox_and_a_year_are_the_defaults(ann: Ops) -> None:
    before = snapshot(ann.site.engine)
    result = ann.commit(ann.temporary_aliases.add({}))
    (row,) = rows(ann.site.engine, "spamalias")
    assert (row["goto"], row["permanent"], row["validity"], row["description"]) == (ANN, 0, EPOCH + 8760 * 3600, "")
    assert row["address"].endswith("@example.org")
    assert [(o.key, o.args) for o in result.outcomes] == [("mailbox_modified", (ANN,))]
    ann.commit(ann.undo(result.change_id))
    assert snapshot(ann.site.engine) == before


def test_all_that_can_be_asked_for(ops: Ops) -> None:
    values = {"goto": BOB, "domain": "example.net", "description": "shop", "hours": "2", "permanent": "yes"}
    ops.commit(ops.temporary_aliases.add(values))
    (row,) = rows(ops.site.engine, "spamalias")
    assert row["address"].endswith("@example.net")
    assert (row["goto"], row["description"], row["permanent"]) == (BOB, "shop", 1)
    assert row["validity"] == EPOCH + 7200, "kept beside permanent"


@pytest.mark.parametrize(
    ("values", "key", "field"),
    [
        ({"goto": ANN, "domain": "other.example"}, "domain_invalid", "domain"),
        ({"goto": ANN, "domain": "nonsense."}, "domain_invalid", "domain"),
        ({"goto": ANN, "hours": 0}, "validity_missing", "hours"),
        ({"goto": ANN, "hours": 87601}, "validity_missing", "hours"),
        ({"goto": ANN, "hours": "long"}, "validity_missing", "hours"),
        ({"goto": ""}, "access_denied", "goto"),
        ({"goto": "nobody@example.org"}, "access_denied", "goto"),
        ({"goto": "room@example.org"}, "access_denied", "goto"),
        ({"goto": ANN, "address": "chosen@example.org"}, "field_read_only", "address"),
    ],
)
def test_rules_for_new_ones(ops: Ops, values: dict[str, Any], key: str, field: str) -> None:
    add_resource(ops.site.engine, "room@example.org")
    plan = ops.temporary_aliases.add_many([values])
    assert [(o.key, o.field) for o in plan.refused] == [(key, field)]


def test_a_taken_address_is_drawn_again(ops: Ops) -> None:
    tokens = iter(["a", "b", "c", "d", "a", "e"])
    ops.site.token = lambda _: next(tokens)
    engine = ops.site.engine
    add_alias(engine, f"{local_part('a')}@example.org", ANN)
    add_mailbox(engine, f"{local_part('b')}@example.org")
    add(engine, f"{local_part('c')}@example.org", BOB, hours=-5)
    plan = ops.temporary_aliases.add_many([{"goto": ANN}] * 2)
    assert plan.count == 2, "both found a free one"


def test_randomness_that_is_none_is_noticed(ops: Ops) -> None:
    ops.site.token = lambda _: "always"
    with pytest.raises(ServerError):
        ops.temporary_aliases.add_many([{"goto": ANN}] * 2)


def test_a_race_is_settled_inside_the_transaction(ops: Ops) -> None:
    plan = ops.temporary_aliases.add({"goto": ANN})
    (write,) = plan.writes
    add_alias(ops.site.engine, write.subject, BOB)
    assert key_of(lambda: ops.commit(plan)) == "is_alias_or_mailbox"


# -- reading --------------------------------------------------------------------------------------------------------
def test_expired_ones_are_not_shown(ops: Ops) -> None:
    engine = ops.site.engine
    add(engine, "old@example.org", ANN, hours=-1)
    add(engine, "now@example.org", ANN)
    add(engine, "ever@example.net", ANN, hours=-1, permanent=1)
    frame = ops.temporary_aliases.frame()
    assert list(frame.index) == ["ever@example.net", "now@example.org"]
    assert frame.loc["now@example.org", "validity"] == NOW + timedelta(hours=1)
    assert list(frame["domain"]) == ["example.net", "example.org"]
    assert keys_of(ops.temporary_aliases.run("keep", "old@example.org")) == {"access_denied"}


# -- verbs ----------------------------------------------------------------------------------------------------------
def test_extending_and_keeping(ops: Ops) -> None:
    engine = ops.site.engine
    keys = [add(engine, f"a{n}@example.org", ANN) for n in range(3)]
    before = snapshot(engine)
    extended = ops.commit(ops.temporary_aliases.run("extend", keys, {"hours": 48}))
    assert {(r["validity"], r["permanent"]) for r in rows(engine, "spamalias")} == {(EPOCH + 48 * 3600, 0)}
    kept = ops.commit(ops.temporary_aliases.run("keep", keys))
    assert {(r["validity"], r["permanent"]) for r in rows(engine, "spamalias")} == {(0, 1)}
    assert ops.temporary_aliases.get(keys[0])["validity"] is None
    for result in (kept, extended):
        ops.commit(ops.undo(result.change_id))
    assert snapshot(engine) == before
    assert key_of(lambda: ops.temporary_aliases.run("extend", keys, {"hours": 0})) == "validity_missing"


def test_editing_and_deleting(ops: Ops) -> None:
    engine = ops.site.engine
    key = add(engine, "a@example.org", ANN)
    before = snapshot(engine)
    changed = ops.commit(ops.temporary_aliases.edit(key, {"description": "shop"}))
    assert rows(engine, "spamalias")[0]["description"] == "shop"
    assert keys_of(ops.temporary_aliases.edit(key, {"goto": BOB})) == {"field_read_only"}
    removed = ops.commit(ops.temporary_aliases.delete(key))
    assert rows(engine, "spamalias") == []
    for result in (removed, changed):
        ops.commit(ops.undo(result.change_id))
    assert snapshot(engine) == before


# -- rights ---------------------------------------------------------------------------------------------------------
def test_a_user_has_his_own_only(ann: Ops) -> None:
    engine = ann.site.engine
    mine, theirs = add(engine, "a@example.org", ANN), add(engine, "b@example.org", BOB)
    for query in (Query(), Query(search="b@"), Query.where(goto=BOB), Query.where(address=theirs)):
        assert theirs not in ann.temporary_aliases.frame(query).index
    assert list(ann.temporary_aliases.frame().index) == [mine]
    for plan in (
        ann.temporary_aliases.delete(theirs),
        ann.temporary_aliases.edit(theirs, {"description": "x"}),
        ann.temporary_aliases.run("keep", theirs),
        ann.temporary_aliases.run("extend", [theirs], {"hours": 1}),
        ann.temporary_aliases.add_many([{"goto": BOB}]),
    ):
        assert keys_of(plan) == {"access_denied"} and plan.empty
    ann.commit(ann.temporary_aliases.delete(mine))
    assert [r["address"] for r in rows(engine, "spamalias")] == [theirs]


@pytest.mark.parametrize("who", ["user", "tenant"])
def test_the_right_is_needed(ops: Ops, who: str) -> None:
    engine = ops.site.engine
    mine = add(engine, "a@example.org", ANN)
    actor = mailbox_user(ANN) if who == "user" else domain_admin(engine, "dora", "example.org")
    plain = ops.acting_as(actor).temporary_aliases
    assert len(plain.frame()) == 0
    assert plain.verbs == []
    for attempt in (
        lambda: plain.add({"goto": ANN}),
        lambda: plain.delete(mine),
        lambda: plain.edit(mine, {"description": "x"}),
        lambda: plain.run("keep", mine),
        lambda: plain.run("extend", mine, {"hours": 1}),
    ):
        assert key_of(attempt) == "access_denied"


def test_a_domain_administrator_has_his_own_only(tenant: Ops) -> None:
    engine = tenant.site.engine
    mine, theirs = add(engine, "a@example.net", BOB), add(engine, "e@other.example", EVE)
    assert list(tenant.temporary_aliases.frame().index) == [mine]
    for plan in (
        tenant.temporary_aliases.delete(theirs),
        tenant.temporary_aliases.run("keep", theirs),
        tenant.temporary_aliases.add_many([{"goto": EVE}]),
    ):
        assert keys_of(plan) == {"access_denied"} and plan.empty
    tenant.commit(tenant.temporary_aliases.run("keep", mine))


def test_a_change_of_another_is_not_the_users_to_undo(ops: Ops, ann: Ops) -> None:
    result = ops.commit(ops.temporary_aliases.add({"goto": ANN}))
    assert key_of(lambda: ann.undo(result.change_id)) == "access_denied"
