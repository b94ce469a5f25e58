from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from opslib import dkim
from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.query import Query
from tests.opslib.resources.support import (
    ADMIN,
    add_alias,
    add_alias_domain,
    add_domain,
    add_mailbox,
    add_row,
    domain_admin,
    hashes,
    keys_of,
    mailbox_user,
    make_ops,
    rows,
    snapshot,
)

HASHES = ("DOMAIN_MAP", "RL_VALUE", "QW_BCC", dkim.PUBLIC, dkim.SELECTORS, dkim.PRIVATE)
DERIVED = "_sogo_static_view"


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    """one.org with a mailbox and an alias domain, two.org with one alias domain, relay.org that relays."""
    for name in ("one.org", "two.org"):
        add_domain(engine, name)
        add_alias_domain(engine, f"also-{name}", name)
        add_mailbox(engine, f"ann@{name}")
    add_domain(engine, "relay.org", backupmx=1)
    found = make_ops(engine)
    found.site.keyvalue.hset("RL_VALUE", {"also-one.org": "10 / 1h"})
    found.site.keyvalue.hset("DOMAIN_MAP", {"also-one.org": "1", "also-two.org": "1"})
    return found


@pytest.fixture
def keeper(ops: Ops, engine: sa.Engine) -> Ops:
    """A domain administrator of one.org with the bit for new alias domains."""
    return ops.acting_as(domain_admin(engine, "keeper", "one.org", bits={"alias_domains"}))


def state(engine: sa.Engine, ops: Ops) -> tuple[Any, Any]:
    found = snapshot(engine)
    found.pop(DERIVED)
    return found, hashes(ops, *HASHES)


def sogo(engine: sa.Engine) -> dict[str, str]:
    return {row["c_uid"]: row["ad_aliases"] for row in rows(engine, DERIVED)}


def refusals(ops: Ops, **values: Any) -> set[tuple[str, str | None]]:
    return {(outcome.key, outcome.field) for outcome in ops.alias_domains.add_many([values]).refused}


# -- reading --------------------------------------------------------------------------------------------------------
def test_fields(ops: Ops, engine: sa.Engine) -> None:
    add_alias_domain(engine, "bad.org", "relay.org", active=0)
    found = ops.alias_domains.frame()
    assert list(found.index) == ["also-one.org", "also-two.org", "bad.org"]
    assert list(found["parent_is_backupmx"]) == [False, False, True]
    assert list(found["rate_limit"]) == ["10/h", "", ""]
    assert list(found["active"]) == [True, True, False]
    assert list(ops.alias_domains.frame(Query.where(target_domain="two.org")).index) == ["also-two.org"]
    assert ops.alias_domains.choices("target_domain") == {"one.org": "one.org", "two.org": "two.org"}


# -- add ------------------------------------------------------------------------------------------------------------
def test_add_writes_row_map_limit_key_and_sogo_and_undo_takes_all_back(ops: Ops, engine: sa.Engine) -> None:
    add_row(engine, "sender_acl", logged_in_as="ann@two.org", send_as="x@new.org", external=1)
    before = state(engine, ops)
    values = {"alias_domain": "NEW.org", "target_domain": "one.org", "rate_limit": "3/s"}
    plan = ops.alias_domains.add({**values, "dkim_selector": "s1", "key_size": 1024})
    assert state(engine, ops) == before
    change = ops.commit(plan).change_id
    assert rows(engine, "alias_domain", alias_domain="new.org")[0]["target_domain"] == "one.org"
    assert rows(engine, "sender_acl") == []
    stored = hashes(ops, *HASHES)
    assert stored["DOMAIN_MAP"]["new.org"] == "1"
    assert stored["RL_VALUE"]["new.org"] == "3 / 1s"
    assert stored[dkim.SELECTORS] == {"new.org": "s1"}
    assert sogo(engine)["ann@one.org"] == "ann@also-one.org ann@new.org"
    ops.commit(ops.undo(change or 0))
    assert state(engine, ops) == before
    assert sogo(engine)["ann@one.org"] == "ann@also-one.org"


def test_no_key_is_made_unless_asked(ops: Ops) -> None:
    ops.commit(ops.alias_domains.add({"alias_domain": "new.org", "target_domain": "one.org"}))
    assert ops.site.keyvalue.hgetall(dkim.SELECTORS) == {}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"alias_domain": "no domain"}, ("domain_invalid", "alias_domain")),
        ({"alias_domain": ""}, ("field_needed", "alias_domain")),
        ({"target_domain": ""}, ("field_needed", "target_domain")),
        ({"target_domain": "a b"}, ("domain_invalid", "target_domain")),
        ({"alias_domain": "one.org"}, ("aliasd_targetd_identical", "target_domain")),
        ({"target_domain": "nowhere.org"}, ("targetd_not_found", "target_domain")),
        ({"target_domain": "also-one.org"}, ("targetd_not_found", "target_domain")),
        ({"target_domain": "relay.org"}, ("targetd_relay_domain", "target_domain")),
        ({"alias_domain": "two.org"}, ("alias_domain_invalid", "alias_domain")),
        ({"alias_domain": "ALSO-two.org"}, ("alias_domain_invalid", "alias_domain")),
        ({"alias_domain": "mx.example.net"}, ("domain_cannot_match_hostname", "alias_domain")),
        ({"rate_limit": "x"}, ("rl_timeframe", "rate_limit")),
        ({"dkim_selector": "a b"}, ("dkim_domain_or_sel_invalid", "dkim_selector")),
    ],
)
def test_add_refuses(ops: Ops, values: dict[str, Any], found: tuple[str, str]) -> None:
    assert found in refusals(ops, **{"alias_domain": "new.org", "target_domain": "one.org", **values})


def test_one_plan_takes_a_name_once(ops: Ops) -> None:
    values = {"alias_domain": "new.org", "target_domain": "one.org"}
    assert keys_of(ops.alias_domains.add_many([values, values])) == {"alias_domain_invalid"}


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        ("UPDATE domain SET backupmx=1 WHERE domain='one.org'", "targetd_relay_domain"),
        ("DELETE FROM domain WHERE domain='one.org'", "targetd_not_found"),
        ("UPDATE domain SET domain='new.org' WHERE domain='two.org'", "domain_exists"),
    ],
)
def test_races_are_seen_inside_the_transaction(ops: Ops, engine: sa.Engine, statement: str, key: str) -> None:
    plan = ops.alias_domains.add({"alias_domain": "new.org", "target_domain": "one.org"})
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    with pytest.raises(UserError) as caught:
        ops.commit(plan)
    assert caught.value.key == key
    assert rows(engine, "alias_domain", alias_domain="new.org") == []


# -- edit -----------------------------------------------------------------------------------------------------------
def test_edit_moves_the_names_of_both_targets_and_undo_moves_them_back(ops: Ops, engine: sa.Engine) -> None:
    before = state(engine, ops)
    plan = ops.alias_domains.edit("also-one.org", {"target_domain": "two.org", "active": 0, "rate_limit": ""})
    assert plan.domains == {"one.org", "two.org"}
    change = ops.commit(plan).change_id
    assert sogo(engine) == {"ann@one.org": "", "ann@two.org": "ann@also-one.org ann@also-two.org"}
    assert hashes(ops, "RL_VALUE") == {"RL_VALUE": {}}
    ops.commit(ops.undo(change or 0))
    assert state(engine, ops) == before
    assert sogo(engine)["ann@one.org"] == "ann@also-one.org"


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("nowhere.org", "target_domain_invalid"),
        ("also-two.org", "target_domain_invalid"),
        ("also-one.org", "target_domain_invalid"),
        ("relay.org", "targetd_relay_domain"),
        ("a b", "domain_invalid"),
        ("", "field_needed"),
    ],
)
def test_edit_refuses_targets(ops: Ops, target: str, key: str) -> None:
    assert keys_of(ops.alias_domains.edit("also-one.org", {"target_domain": target})) == {key}


def test_the_aliases_of_a_moving_alias_domain_need_room(ops: Ops, engine: sa.Engine) -> None:
    add_alias(engine, "x@also-one.org", "ann@one.org")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET aliases=0 WHERE domain='two.org'"))
    assert keys_of(ops.alias_domains.edit("also-one.org", {"target_domain": "two.org"})) == {"max_alias_exceeded"}
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET aliases=1 WHERE domain='two.org'"))
    plan = ops.alias_domains.edit("also-one.org", {"target_domain": "two.org"})
    add_alias(engine, "late@two.org", "ann@one.org")
    with pytest.raises(UserError) as caught:
        ops.commit(plan)
    assert caught.value.key == "max_alias_exceeded"


def test_unknown_alias_domains_are_refused(ops: Ops) -> None:
    for name in ("one.org", "nowhere.org", ""):
        assert keys_of(ops.alias_domains.edit(name, {"active": 0})) == {"access_denied"}
        assert keys_of(ops.alias_domains.delete(name)) == {"access_denied"}


# -- delete ---------------------------------------------------------------------------------------------------------
def test_delete_leaves_nothing_behind_and_undo_restores_it(ops: Ops, engine: sa.Engine) -> None:
    for name in ("also-one.org", "also-two.org"):
        add_alias(engine, f"info@{name}", "ann@one.org")
        add_row(engine, "spamalias", address=f"t@{name}", goto="ann@one.org", description="", validity=1)
        add_row(engine, "bcc_maps", local_dest=f"@{name}", bcc_dest="a@b.cc", domain=name, type="rcpt", active=1)
        add_row(engine, "sender_acl", logged_in_as="ann@two.org", send_as=f"info@{name}")
        add_row(engine, "filterconf", object=name, option="whitelist_from", value="x")
    ops.site.keyvalue.hset(dkim.SELECTORS, {"also-one.org": "dkim"})
    before = state(engine, ops)
    plan = ops.alias_domains.delete("also-one.org")
    assert {entry.what: entry.count for entry in plan.blast} == {
        "aliases": 1, "temporary aliases": 1, "BCC maps": 1, "sender rights": 1, "allow and deny list entries": 1,
    }  # fmt: skip
    change = ops.commit(plan).change_id
    left = snapshot(engine)
    left.pop(DERIVED)
    assert "also-one.org" not in str(left)
    assert str(left).count("also-two.org") == str(before[0]).count("also-two.org")
    assert hashes(ops, "DOMAIN_MAP", "RL_VALUE") == {"DOMAIN_MAP": {"also-two.org": "1"}, "RL_VALUE": {}}
    assert ops.site.keyvalue.hgetall(dkim.SELECTORS) == {"also-one.org": "dkim"}
    assert sogo(engine)["ann@one.org"] == ""
    ops.commit(ops.undo(change or 0))
    assert state(engine, ops) == before
    assert sogo(engine)["ann@one.org"] == "ann@also-one.org"


# -- rights ---------------------------------------------------------------------------------------------------------
def test_a_domain_administrator_works_on_his_own_only(keeper: Ops, engine: sa.Engine) -> None:
    before = state(engine, keeper)
    mine = keeper.alias_domains
    assert list(mine.frame().index) == ["also-one.org"]
    assert mine.count(Query(search="two")) == mine.count(Query.where(target_domain="two.org")) == 0
    assert list(mine.frame(Query(sort=["-target_domain"])).index) == ["also-one.org"]
    assert mine.choices("target_domain") == {"one.org": "one.org"}
    with pytest.raises(Denied):
        mine.get("also-two.org")
    assert keys_of(mine.edit("also-two.org", {"active": 0})) == {"access_denied"}
    assert keys_of(mine.delete("also-two.org")) == {"access_denied"}
    for target in ("two.org", "nowhere.org", "relay.org", "also-two.org"):
        assert refusals(keeper, alias_domain="new.org", target_domain=target) == {("access_denied", "target_domain")}
        assert keys_of(mine.edit("also-one.org", {"target_domain": target})) == {"access_denied"}
    for plan in (keeper.acting_as(ADMIN).alias_domains.edit("also-two.org", {"active": 0}),):
        with pytest.raises(Denied):
            keeper.commit(plan)
    assert state(engine, keeper) == before


def test_taken_names_of_others_look_like_invalid_ones(keeper: Ops) -> None:
    for name in ("two.org", "also-two.org"):
        assert refusals(keeper, alias_domain=name, target_domain="one.org") == {
            ("alias_domain_invalid", "alias_domain")
        }


def test_a_domain_administrator_adds_edits_deletes_and_undoes_his_own(keeper: Ops, engine: sa.Engine) -> None:
    before = state(engine, keeper)
    changes = [
        keeper.commit(keeper.alias_domains.add({"alias_domain": "new.org", "target_domain": "one.org"})).change_id,
        keeper.commit(keeper.alias_domains.edit("also-one.org", {"active": 0})).change_id,
        keeper.commit(keeper.alias_domains.delete("also-one.org")).change_id,
    ]
    for change in reversed(changes):
        keeper.commit(keeper.undo(change or 0))
    assert state(engine, keeper) == before


def test_only_adding_needs_the_bit_and_limits_need_theirs(ops: Ops, engine: sa.Engine) -> None:
    bare = ops.acting_as(domain_admin(engine, "bare", "one.org"))
    with pytest.raises(Denied):
        bare.alias_domains.add({"alias_domain": "new.org", "target_domain": "one.org"})
    assert not bare.alias_domains.edit("also-one.org", {"active": 0}).refused
    assert not bare.alias_domains.delete("also-one.org").refused
    assert keys_of(bare.alias_domains.edit("also-one.org", {"rate_limit": "1/s"})) == {"acl_needed"}
    limited = ops.acting_as(type(bare.actor)("bare", "domainadmin", frozenset({"ratelimit", "alias_domains"})))
    assert not limited.alias_domains.edit("also-one.org", {"rate_limit": "1/s"}).refused
    assert not refusals(limited, alias_domain="new.org", target_domain="one.org", rate_limit="1/s")
    unlimited = ops.acting_as(type(bare.actor)("bare", "domainadmin", frozenset({"alias_domains"})))
    assert refusals(unlimited, alias_domain="new.org", target_domain="one.org", rate_limit="1/s") == {
        ("acl_needed", "rate_limit")
    }


def test_mailbox_users_have_none(ops: Ops) -> None:
    user = ops.acting_as(mailbox_user("ann@one.org", "alias_domains"))
    assert user.alias_domains.count() == 0
    for denied in (
        lambda: user.alias_domains.add({"alias_domain": "new.org", "target_domain": "one.org"}),
        lambda: user.alias_domains.edit("also-one.org", {"active": 0}),
        lambda: user.alias_domains.delete("also-one.org"),
    ):
        with pytest.raises(Denied):
            denied()
