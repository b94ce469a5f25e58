from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from opslib.actor import Actor
from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.query import Query
from tests.opslib.resources.support import (
    ADMIN,
    add_alias_domain,
    add_domain,
    add_mailbox,
    add_row,
    domain_admin,
    keys_of,
    mailbox_user,
    make_ops,
    rows,
    snapshot,
)


@pytest.fixture
def ids() -> dict[str, int]:
    return {}


@pytest.fixture
def ops(engine: sa.Engine, ids: dict[str, int]) -> Ops:
    """one.org and two.org with a mailbox, an entry and a pair of scores each."""
    for name in ("one.org", "two.org"):
        add_domain(engine, name)
        add_mailbox(engine, f"ann@{name}")
        ids[name] = add_row(engine, "filterconf", object=name, option="whitelist_from", value="*@friend.org")
        ids[f"ann@{name}"] = add_row(
            engine, "filterconf", object=f"ann@{name}", option="blacklist_from", value="bad.org"
        )
        for option, value in (("highspamlevel", "9"), ("lowspamlevel", "4")):
            ids[f"{option} {name}"] = add_row(engine, "filterconf", object=f"ann@{name}", option=option, value=value)
    add_alias_domain(engine, "also-one.org", "one.org")
    add_mailbox(engine, "bob@one.org")
    return make_ops(engine)


def new(**values: Any) -> dict[str, Any]:
    return {"object": "one.org", "list": "deny", "pattern": "new@x.org", **values}


def refusals(ops: Ops, **values: Any) -> set[tuple[str, str | None]]:
    return {(outcome.key, outcome.field) for outcome in ops.policies.add_many([new(**values)]).refused}


@pytest.fixture
def keeper(ops: Ops, engine: sa.Engine) -> Ops:
    return ops.acting_as(domain_admin(engine, "keeper", "one.org", bits={"spam_policy"}))


def test_only_the_two_lists_are_there(ops: Ops, ids: dict[str, int]) -> None:
    found = ops.policies.frame()
    assert set(found["list"]) == {"whitelist_from", "blacklist_from"}
    assert len(found) == 4
    score = ids["highspamlevel one.org"]
    assert keys_of(ops.policies.delete(score)) == {"access_denied"}
    assert keys_of(ops.policies.edit(score, {"pattern": "x.org"})) == {"access_denied"}


@pytest.mark.parametrize("name", ["one.org", "also-one.org", "ann@one.org", "ANN@one.org"])
def test_add_edit_delete_and_their_undo(ops: Ops, engine: sa.Engine, name: str) -> None:
    before = snapshot(engine)
    plan = ops.policies.add(new(object=name, pattern="  New@X.org "))
    assert plan.domains == {name.lower().rpartition("@")[2]}
    added = ops.commit(plan).change_id
    (row,) = rows(engine, "filterconf", value="new@x.org")
    assert (row["object"], row["option"]) == (name.lower(), "blacklist_from")
    middle = snapshot(engine)
    changed = ops.commit(ops.policies.edit(row["prefid"], {"list": "allow", "pattern": "other.org"})).change_id
    (row,) = rows(engine, "filterconf", value="other.org")
    assert row["option"] == "whitelist_from"
    late = snapshot(engine, ())
    ops.commit(ops.undo(ops.commit(ops.policies.delete(row["prefid"])).change_id or 0))
    assert snapshot(engine, ()) == late
    ops.commit(ops.undo(changed or 0))
    assert snapshot(engine) == middle
    ops.commit(ops.undo(added or 0))
    assert snapshot(engine) == before


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"object": ""}, ("field_needed", "object")),
        ({"object": "nowhere.org"}, ("access_denied", "object")),
        ({"object": "nobody@one.org"}, ("access_denied", "object")),
        ({"pattern": ""}, ("field_needed", "pattern")),
        ({"pattern": "*"}, ("policy_list_from_invalid", "pattern")),
        ({"pattern": "a+b@x.org"}, ("policy_list_from_invalid", "pattern")),
        ({"pattern": "grün@x.org"}, ("policy_list_from_invalid", "pattern")),
        ({"pattern": "a" * 101}, ("policy_list_from_invalid", "pattern")),
        ({"pattern": "*@FRIEND.org"}, ("policy_list_from_exists", "pattern")),
        ({"pattern": "*@friend.org", "list": "allow"}, ("policy_list_from_exists", "pattern")),
        ({"list": "highspamlevel"}, ("value_not_choice", "list")),
    ],
)
def test_add_refuses(ops: Ops, values: dict[str, Any], found: tuple[str, str]) -> None:
    got = refusals(ops, **values)
    assert found in got or (values.get("pattern") == "a" * 101 and ("value_too_long", "pattern") in got)


def test_an_entry_is_there_once(ops: Ops, engine: sa.Engine, ids: dict[str, int]) -> None:
    assert keys_of(ops.policies.add_many([new(), new(list="allow")])) == {"policy_list_from_exists"}
    assert keys_of(ops.policies.edit(ids["one.org"], {"pattern": "*@friend.org"})) == set()
    plan = ops.policies.add(new())
    add_row(engine, "filterconf", object="one.org", option="whitelist_from", value="new@x.org")
    with pytest.raises(UserError):
        ops.commit(plan)
    assert len(rows(engine, "filterconf", value="new@x.org")) == 1


def test_a_domain_administrator_stays_at_home(keeper: Ops, engine: sa.Engine, ids: dict[str, int]) -> None:
    before = snapshot(engine)
    mine = keeper.policies
    assert set(mine.frame()["object"]) == {"one.org", "ann@one.org"}
    assert mine.count(Query(search="two.org")) == 0
    assert mine.count(Query.where(object__contains="two")) == 0
    assert set(mine.keys(Query(sort=["-object"]))) == {ids["one.org"], ids["ann@one.org"]}
    for name in ("two.org", "ann@two.org"):
        with pytest.raises(Denied):
            mine.get(ids[name])
        assert keys_of(mine.edit(ids[name], {"list": "deny"})) == {"access_denied"}
        assert keys_of(mine.delete(ids[name])) == {"access_denied"}
        assert refusals(keeper, object=name) == {("access_denied", "object")}
    for plan in (keeper.acting_as(ADMIN).policies.delete(ids["two.org"]),):
        with pytest.raises(Denied):
            keeper.commit(plan)
    assert snapshot(engine) == before
    for name in ("one.org", "also-one.org", "ann@one.org"):
        assert refusals(keeper, object=name) == set()
    keeper.commit(mine.delete([ids["one.org"], ids["ann@one.org"]]))
    assert {r["object"] for r in rows(engine, "filterconf", option="whitelist_from")} == {"two.org"}


def test_the_object_of_an_entry_never_changes(ops: Ops, ids: dict[str, int]) -> None:
    assert keys_of(ops.policies.edit(ids["one.org"], {"object": "two.org"})) == {"field_read_only"}


def test_every_write_needs_the_bit(ops: Ops, engine: sa.Engine, ids: dict[str, int]) -> None:
    bare = ops.acting_as(domain_admin(engine, "bare", "one.org", bits={"ratelimit"}))
    user = ops.acting_as(mailbox_user("ann@one.org"))
    for actor in (bare, user):
        key = ids["ann@one.org"]
        for denied in (
            lambda a=actor: a.policies.add(new(object="ann@one.org")),
            lambda a=actor, k=key: a.policies.edit(k, {"list": "allow"}),
            lambda a=actor, k=key: a.policies.delete(k),
        ):
            with pytest.raises(Denied):
                denied()


def test_the_owner_of_a_mailbox_writes_his_own_and_reads_his_domains(
    ops: Ops, engine: sa.Engine, ids: dict[str, int]
) -> None:
    user = ops.acting_as(mailbox_user("ann@one.org", "spam_policy"))
    assert set(user.policies.frame()["object"]) == {"one.org", "ann@one.org"}
    assert keys_of(user.policies.delete(ids["one.org"])) == {"access_denied"}
    assert keys_of(user.policies.edit(ids["one.org"], {"list": "deny"})) == {"access_denied"}
    assert keys_of(user.policies.delete(ids["ann@two.org"])) == {"access_denied"}
    for name in ("one.org", "bob@one.org", "ann@two.org", "also-one.org"):
        assert refusals(user, object=name) == {("access_denied", "object")}
    before = snapshot(engine)
    change = user.commit(user.policies.add(new(object="ann@one.org"))).change_id
    user.commit(user.undo(change or 0))
    assert snapshot(engine) == before
    with pytest.raises(Denied):
        ops.acting_as(mailbox_user("bob@one.org", "spam_policy")).undo(change or 0)


def test_bits_do_not_help_a_stranger(ops: Ops) -> None:
    stranger = ops.acting_as(Actor("keeper' OR 1=1 --", "domainadmin", frozenset({"spam_policy"})))
    assert stranger.policies.count() == 0
    assert refusals(stranger) == {("access_denied", "object")}
