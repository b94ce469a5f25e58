from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from opslib.errors import Conflict, Denied, UserError
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.query import Query
from opslib.resources import alias_targets
from opslib.stores.database import read
from tests.opslib.resources.support import (
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


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    """Two tenants: example.org (with an alias domain and two mailboxes) and other.example."""
    add_domain(engine, "example.org", aliases=20)
    add_alias_domain(engine, "example.net", "example.org")
    add_domain(engine, "other.example")
    for name in (ANN, BOB, EVE):
        add_mailbox(engine, name)
    return make_ops(engine)


@pytest.fixture
def tenant(ops: Ops) -> Ops:
    """The administrator of example.org."""
    return ops.acting_as(domain_admin(ops.site.engine, "dora", "example.org"))


def aliases(ops: Ops) -> dict[str, str]:
    """Targets by address, self rows left out."""
    return {r["address"]: r["goto"] for r in rows(ops.site.engine, "alias") if r["address"] != r["goto"]}


def index(ops: Ops) -> set[tuple[str, int]]:
    return {(r["target"], r["alias_id"]) for r in rows(ops.site.engine, "ops_alias_target")}


def exploded(ops: Ops) -> set[tuple[str, int]]:
    """What the index ought to hold."""
    return {(t.lower(), r["id"]) for r in rows(ops.site.engine, "alias") for t in r["goto"].split(",") if t}


def key_of(raising: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        raising()
    return caught.value.key


# -- reading --------------------------------------------------------------------------------------------------------
def test_self_rows_are_never_shown(ops: Ops) -> None:
    key = add_alias(ops.site.engine, "info@example.org", ANN)
    assert list(ops.aliases.frame().index) == [key]
    own = next(r["id"] for r in rows(ops.site.engine, "alias") if r["address"] == ANN)
    with pytest.raises(Denied):
        ops.aliases.get(own)
    assert keys_of(ops.aliases.delete(own)) == {"access_denied"}
    assert keys_of(ops.aliases.edit(own, {"active": 0})) == {"access_denied"}


def test_what_is_shown(ops: Ops) -> None:
    engine = ops.site.engine
    add_alias(engine, "@example.org", "spam@localhost", active=0, internal=1)
    add_alias(engine, "info@example.net", ANN, "x@elsewhere.example", private_comment="p", public_comment="q")
    frame = ops.aliases.frame(Query.where(sort="address"))
    catch_all, info = (row for _, row in frame.iterrows())
    assert (catch_all["is_catch_all"], catch_all["special"], catch_all["active"]) == (True, "spam@localhost", False)
    assert (info["goto"], info["in_primary_domain"]) == ((ANN, "x@elsewhere.example"), "example.org")
    assert (info["private_comment"], info["public_comment"], info["domain"]) == ("p", "q", "example.net")


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("goto", "contains", "ann"),
        ("is_catch_all", "is", "0"),
        ("special", "is", ""),
        ("in_primary_domain", "empty", ""),
        ("active", "is", "yes"),
        ("created", "ge", "2020-01-01"),
    ],
)
def test_every_filter_is_sql(ops: Ops, field: str, op: str, value: str) -> None:
    key = add_alias(ops.site.engine, "info@example.org", ANN)
    query = Query.from_url(f"{field}={op}:{value}&sort=-{field}")
    assert list(ops.aliases.page(query).frame.index) == [key]


# -- add ------------------------------------------------------------------------------------------------------------
def test_one_alias_for_each_address(ops: Ops) -> None:
    before = snapshot(ops.site.engine)
    values = {
        "address": "info@example.org, Sales@EXAMPLE.org;@example.org",
        "goto": f"{BOB} {ANN} {BOB}",
        "public_comment": "x",
    }
    result = ops.commit(ops.aliases.add(values))
    assert aliases(ops) == dict.fromkeys(("info@example.org", "Sales@example.org", "@example.org"), f"{BOB},{ANN}")
    assert [o.key for o in result.outcomes if o.status == "success"] == ["alias_added"] * 3
    for row in rows(ops.site.engine, "alias", public_comment="x"):
        assert row["domain"] == "example.org"
        assert [row[n] for n in ("sogo_visible", "sender_allowed", "active", "internal")] == [1, 1, 1, 0]
    assert index(ops) == exploded(ops)
    shown = {r["c_uid"]: r["aliases"] for r in rows(ops.site.engine, "_sogo_static_view")}
    assert shown == {ANN: "Sales@example.org info@example.org", BOB: "Sales@example.org info@example.org"}
    ops.commit(ops.undo(result.change_id))
    after = snapshot(ops.site.engine)
    assert after["alias"] == before["alias"]
    assert {r["aliases"] for r in rows(ops.site.engine, "_sogo_static_view")} == {""}
    assert index(ops) == exploded(ops)


@pytest.mark.parametrize("special", ["null@localhost", "spam@localhost", "ham@localhost"])
def test_special_targets(ops: Ops, special: str) -> None:
    ops.commit(ops.aliases.add({"address": "trap@example.org", "special": special}))
    assert aliases(ops) == {"trap@example.org": special}


def test_a_special_target_in_the_list_of_a_csv_file(ops: Ops) -> None:
    ops.commit(ops.aliases.add({"address": "trap@example.org", "goto": "ham@localhost"}))
    (shown,) = ops.aliases.frame()["special"]
    assert shown == "ham@localhost"


def bad(**values: Any) -> dict[str, Any]:
    return {"address": "info@example.org", "goto": ANN, **values}


@pytest.mark.parametrize(
    ("values", "key", "field"),
    [
        (bad(address=""), "alias_empty", "address"),
        (bad(address=" , "), "alias_empty", "address"),
        (bad(address="no-at-sign"), "alias_invalid", "address"),
        (bad(address="a..b@example.org"), "alias_invalid", "address"),
        (bad(address="@"), "alias_invalid", "address"),
        (bad(goto=""), "goto_empty", "goto"),
        (bad(goto="nonsense"), "goto_invalid", "goto"),
        (bad(goto="x@localhost"), "goto_invalid", "goto"),
        (bad(goto="room@example.org"), "goto_invalid", "goto"),
        (bad(goto=f"{ANN},null@localhost"), "goto_special", "goto"),
        (bad(special="null@localhost"), "goto_special", "goto"),
        (bad(special="bcc@localhost"), "value_not_choice", "special"),
        (bad(goto="INFO@example.org"), "alias_goto_identical", "goto"),
        (bad(address="taken@example.org"), "is_alias_or_mailbox", "address"),
        (bad(address="TAKEN@example.org"), "is_alias_or_mailbox", "address"),
        (bad(address=BOB), "is_alias_or_mailbox", "address"),
        (bad(address="bob@example.net"), "is_alias_or_mailbox", "address"),
        (bad(address="room@example.org", goto=ANN), "is_alias_or_mailbox", "address"),
        (bad(address="temp@example.org"), "is_spam_alias", "address"),
        (bad(address="x@unknown.example"), "domain_not_found", "address"),
        (bad(public_comment="ü" * 81), "comment_too_long", "public_comment"),
        (bad(private_comment="x" * 161), "comment_too_long", "private_comment"),
        (bad(id=7), "field_read_only", "id"),
        (bad(domain="other.example"), "field_read_only", "domain"),
        (bad(colour="red"), "field_unknown", "colour"),
    ],
)
def test_rules_for_new_aliases(ops: Ops, values: dict[str, Any], key: str, field: str) -> None:
    engine = ops.site.engine
    add_resource(engine, "room@example.org")
    add_alias(engine, "taken@example.org", ANN)
    add_row(engine, "spamalias", address="temp@example.org", goto=ANN, description="", validity=1, permanent=0)
    with pytest.raises(UserError) as caught:
        ops.aliases.add(values)
    assert [(p.key, p.field) for p in caught.value.problems] == [(key, field)]


def test_comments_of_160_bytes_fit(ops: Ops) -> None:
    ops.commit(ops.aliases.add(bad(public_comment="ü" * 80, private_comment="x" * 160)))
    (row,) = rows(ops.site.engine, "alias", address="info@example.org")
    assert (row["public_comment"], row["private_comment"]) == ("ü" * 80, "x" * 160)


def test_the_domain_has_room_for_so_many(ops: Ops, engine: sa.Engine) -> None:
    """Aliases of alias domains count, self rows do not; negative room is none."""
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET aliases = 2 WHERE domain = 'example.org'"))
    add_alias(engine, "one@example.net", ANN)
    plan = ops.aliases.add_many([bad(address="two@example.org"), bad(address="three@example.org")])
    assert [(o.subject, o.key) for o in plan.refused] == [("three@example.org", "max_alias_exceeded")]
    ops.commit(plan, partial=True)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET aliases = 1 WHERE domain = 'example.org'"))
    assert key_of(lambda: ops.aliases.add(bad())) == "max_alias_exceeded"


def test_two_of_the_same_in_one_go(ops: Ops) -> None:
    plan = ops.aliases.add_many([bad(), bad(address="INFO@example.org", goto=BOB)])
    assert [(o.subject, o.key) for o in plan.refused] == [("INFO@example.org", "is_alias_or_mailbox")]


def test_races_are_settled_inside_the_transaction(ops: Ops, engine: sa.Engine) -> None:
    taken, full, shadow = (
        ops.aliases.add(bad(address=a)) for a in ("a@example.org", "b@example.org", "new@example.net")
    )
    add_row(engine, "spamalias", address="a@example.org", goto=ANN, description="", validity=1, permanent=0)
    assert key_of(lambda: ops.commit(taken)) == "is_alias_or_mailbox"
    add_mailbox(engine, "new@example.org")
    assert key_of(lambda: ops.commit(shadow)) == "is_alias_or_mailbox"
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET aliases = 0"))
    assert key_of(lambda: ops.commit(full)) == "max_alias_exceeded"
    assert aliases(ops) == {}
    assert index(ops) <= exploded(ops)


def test_circles_are_told(ops: Ops) -> None:
    add_alias(ops.site.engine, "a@example.org", "b@example.org")
    add_alias(ops.site.engine, "b@example.org", "c@example.org", ANN)
    plan = ops.aliases.add(bad(address="c@example.org", goto=f"{BOB},a@example.org"))
    assert [w.key for w in plan.warnings] == ["alias_loop"]
    assert "c@example.org → a@example.org → b@example.org → c@example.org" in plan.warnings[0].text
    assert not ops.aliases.add(bad(address="c@example.org", goto=ANN)).warnings


# -- edit -----------------------------------------------------------------------------------------------------------
def test_flags_of_many_special_ones_included(ops: Ops) -> None:
    engine = ops.site.engine
    keys = [add_alias(engine, f"a{n}@example.org", ANN if n else "null@localhost") for n in range(30)]
    before = snapshot(engine)
    result = ops.commit(ops.aliases.edit(keys, {"active": 0, "internal": True}))
    assert result.count == 30
    assert {(r["active"], r["internal"]) for r in rows(engine, "alias", domain="example.org") if r["id"] in keys} == {
        (0, 1)
    }
    ops.commit(ops.undo(result.change_id))
    assert snapshot(engine)["alias"] == before["alias"]


def test_new_targets_refresh_old_and_new_mailboxes(ops: Ops) -> None:
    engine = ops.site.engine
    ops.commit(ops.aliases.add(bad()))
    (key,) = ops.aliases.frame().index
    result = ops.commit(ops.aliases.edit(key, {"goto": [BOB, "x@elsewhere.example"]}))
    assert aliases(ops) == {"info@example.org": f"{BOB},x@elsewhere.example"}
    shown = {r["c_uid"]: r["aliases"] for r in rows(engine, "_sogo_static_view")}
    assert shown == {ANN: "", BOB: "info@example.org"}
    assert index(ops) == exploded(ops)
    ops.commit(ops.undo(result.change_id))
    shown = {r["c_uid"]: r["aliases"] for r in rows(engine, "_sogo_static_view")}
    assert shown == {ANN: "info@example.org", BOB: ""}
    assert index(ops) == exploded(ops)


def test_a_new_address(ops: Ops) -> None:
    engine = ops.site.engine
    key = add_alias(engine, "info@example.org", ANN)
    add_row(engine, "sender_acl", logged_in_as=EVE, send_as="info@example.org", external=0)
    before = snapshot(engine)
    result = ops.commit(ops.aliases.edit(key, {"address": "Hello@example.net"}))
    (row,) = rows(engine, "alias", id=key)
    assert (row["address"], row["domain"]) == ("Hello@example.net", "example.net")
    assert rows(engine, "sender_acl") == []
    ops.commit(ops.undo(result.change_id))
    assert {n: t for n, t in snapshot(engine).items() if n != "_sogo_static_view"} == {
        n: t for n, t in before.items() if n != "_sogo_static_view"
    }


def test_another_case_is_the_same_address(ops: Ops) -> None:
    key = add_alias(ops.site.engine, "info@example.org", ANN)
    ops.commit(ops.aliases.edit(key, {"address": "Info@example.org"}))
    assert aliases(ops) == {"Info@example.org": ANN}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"address": "taken@example.org"}, "is_alias_or_mailbox"),
        ({"address": BOB}, "is_alias_or_mailbox"),
        ({"address": "bob@example.net"}, "is_alias_or_mailbox"),
        ({"address": "temp@example.org"}, "is_spam_alias"),
        ({"address": "x@unknown.example"}, "domain_not_found"),
        ({"address": "nonsense"}, "alias_invalid"),
        ({"address": "full@full.example"}, "max_alias_exceeded"),
        ({"goto": "nonsense"}, "goto_invalid"),
        ({"goto": "room@example.org"}, "goto_invalid"),
        ({"goto": "INFO@example.org"}, "alias_goto_identical"),
        ({"goto": ""}, "goto_empty"),
        ({"goto": f"{BOB},ham@localhost"}, "goto_special"),
        ({"address": ANN.replace("ann", "other"), "goto": ANN.replace("ann", "other")}, "alias_goto_identical"),
        ({"private_comment": "x" * 161}, "comment_too_long"),
        ({"id": 9}, "field_read_only"),
        ({"domain": "other.example"}, "field_read_only"),
    ],
)
def test_rules_for_changes(ops: Ops, changes: dict[str, Any], key: str) -> None:
    engine = ops.site.engine
    add_domain(engine, "full.example", aliases=0)
    add_resource(engine, "room@example.org")
    add_alias(engine, "taken@example.org", ANN)
    add_row(engine, "spamalias", address="temp@example.org", goto=ANN, description="", validity=1, permanent=0)
    mine = add_alias(engine, "info@example.org", ANN)
    plan = ops.aliases.edit(mine, changes)
    assert keys_of(plan) == {key}
    assert plan.empty


def test_delivery_instead_of_a_special_target_needs_targets(ops: Ops) -> None:
    key = add_alias(ops.site.engine, "info@example.org", "null@localhost")
    assert keys_of(ops.aliases.edit(key, {"special": ""})) == {"goto_empty"}
    ops.commit(ops.aliases.edit(key, {"special": "", "goto": ANN}))
    ops.commit(ops.aliases.edit(key, {"special": "spam@localhost"}))
    assert aliases(ops) == {"info@example.org": "spam@localhost"}


def test_an_override_ends_when_the_alias_says_who_may_send(ops: Ops) -> None:
    engine = ops.site.engine
    key = add_alias(engine, "info@example.org", ANN, sender_allowed=0)
    for name in (ANN, EVE):
        add_row(engine, "sender_acl", logged_in_as=name, send_as="info@example.org", external=0)
    ops.commit(ops.aliases.edit(key, {"public_comment": "nothing to do with it"}))
    assert len(rows(engine, "sender_acl")) == 2
    ops.commit(ops.aliases.edit(key, {"sender_allowed": 1}))
    assert [r["logged_in_as"] for r in rows(engine, "sender_acl")] == [EVE]


def test_over_committed_domains_can_still_be_worked_on(ops: Ops, engine: sa.Engine) -> None:
    key = add_alias(engine, "info@example.org", ANN)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET aliases = 0"))
    ops.commit(ops.aliases.edit(key, {"address": "hello@example.net", "goto": BOB}))
    assert aliases(ops) == {"hello@example.net": BOB}


def test_what_the_person_saw_must_still_stand(ops: Ops) -> None:
    key = add_alias(ops.site.engine, "info@example.org", ANN)
    plan = ops.aliases.edit_rows({key: {"active": 0}}, seen={key: {"goto": (BOB,)}})
    assert keys_of(plan) == {"row_changed"}
    late = ops.aliases.edit(key, {"goto": BOB})
    with ops.site.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alias SET goto = 'x@elsewhere.example' WHERE id = :id"), {"id": key})
    with pytest.raises(Conflict):
        ops.commit(late)


# -- delete ---------------------------------------------------------------------------------------------------------
def test_deleting(ops: Ops) -> None:
    engine = ops.site.engine
    ops.commit(ops.aliases.add(bad(address="info@example.org @example.org", goto=f"{ANN},{BOB}")))
    add_row(engine, "sender_acl", logged_in_as=EVE, send_as="info@example.org", external=0)
    before, keys = snapshot(engine), list(ops.aliases.frame().index)
    result = ops.commit(ops.aliases.delete(keys))
    assert (aliases(ops), rows(engine, "sender_acl")) == ({}, [])
    assert {r["aliases"] for r in rows(engine, "_sogo_static_view")} == {""}
    assert index(ops) == exploded(ops)
    ops.commit(ops.undo(result.change_id))
    assert snapshot(engine) == before
    assert index(ops) == exploded(ops)


def test_an_undo_does_not_take_an_address_back_from_another(ops: Ops) -> None:
    engine = ops.site.engine
    key = add_alias(engine, "info@example.org", ANN)
    result = ops.commit(ops.aliases.delete(key))
    add_row(engine, "spamalias", address="info@example.org", goto=ANN, description="", validity=1, permanent=0)
    plan = ops.undo(result.change_id)
    assert key_of(lambda: ops.commit(plan)) == "is_alias_or_mailbox"


# -- expand ---------------------------------------------------------------------------------------------------------
def test_expanding_copies_every_flag_and_skips_what_exists(ops: Ops) -> None:
    engine = ops.site.engine
    add_alias_domain(engine, "example.com", "example.org")
    keys = [
        add_alias(engine, "info@example.org", "null@localhost", internal=1, sender_allowed=0, sogo_visible=0),
        add_alias(engine, "@example.org", ANN, BOB, private_comment="p"),
        add_alias(engine, "only@example.net", ANN),
    ]
    add_alias(engine, "info@example.com", BOB)
    before = snapshot(engine)
    plan = ops.aliases.run("expand", keys)
    result = ops.commit(plan)
    assert [o.key for o in result.outcomes] == ["alias_modified", "alias_modified", "is_not_primary_alias"]
    (copy,) = rows(engine, "alias", address="info@example.net")
    assert (copy["goto"], copy["domain"]) == ("null@localhost", "example.net")
    assert [copy[n] for n in ("internal", "sender_allowed", "sogo_visible", "active")] == [1, 0, 0, 1]
    assert aliases(ops)["info@example.com"] == BOB
    assert {a: g for a, g in aliases(ops).items() if a.startswith("@")} == dict.fromkeys(
        ("@example.org", "@example.net", "@example.com"), f"{ANN},{BOB}"
    )
    assert index(ops) == exploded(ops)
    ops.commit(ops.undo(result.change_id))
    assert snapshot(engine)["alias"] == before["alias"]


def test_expanding_says_when_there_is_nothing_to_do(ops: Ops) -> None:
    engine = ops.site.engine
    keys = [add_alias(engine, "info@example.org", ANN), add_alias(engine, "info@other.example", EVE)]
    add_alias(engine, "info@example.net", ANN)
    plan = ops.aliases.run("expand", keys)
    assert [(o.status, o.key) for o in plan.outcomes] == [
        ("warning", "alias_expanded"),
        ("warning", "no_alias_domains"),
    ]
    assert plan.empty


def test_expanding_needs_room(ops: Ops, engine: sa.Engine) -> None:
    key = add_alias(engine, "info@example.org", ANN)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET aliases = 1"))
    assert keys_of(ops.aliases.run("expand", key)) == {"max_alias_exceeded"}


# -- rights ---------------------------------------------------------------------------------------------------------
def test_a_domain_administrator_sees_his_own_only(tenant: Ops) -> None:
    engine = tenant.site.engine
    mine = [add_alias(engine, "info@example.org", ANN), add_alias(engine, "x@example.net", ANN)]
    theirs = add_alias(engine, "info@other.example", EVE, private_comment="secret")
    assert sorted(tenant.aliases.frame().index) == mine
    for query in (
        Query(search="secret"),
        Query.where(private_comment__contains="secret"),
        Query.where(domain="other.example"),
        Query.where(domain__not="example.org", sort="-private_comment"),
        Query.where(goto__contains=EVE),
    ):
        assert theirs not in tenant.aliases.frame(query).index
        assert theirs not in tenant.aliases.keys(query)
    with pytest.raises(Denied):
        tenant.aliases.get(theirs)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda ops, key: ops.aliases.edit(key, {"active": 0}),
        lambda ops, key: ops.aliases.edit(key, {"goto": ANN}),
        lambda ops, key: ops.aliases.edit_rows({key: {"address": "mine@example.org"}}),
        lambda ops, key: ops.aliases.delete(key),
        lambda ops, key: ops.aliases.run("expand", [key]),
        lambda ops, key: ops.aliases.edit(str(key), {"active": 0}),
    ],
)
def test_a_domain_administrator_changes_his_own_only(tenant: Ops, attempt: Callable[[Ops, int], Plan]) -> None:
    theirs = add_alias(tenant.site.engine, "info@other.example", EVE)
    plan = attempt(tenant, theirs)
    assert keys_of(plan) == {"access_denied"}
    assert plan.empty


def test_a_domain_administrator_cannot_move_an_alias_out_or_add_elsewhere(tenant: Ops) -> None:
    """Whether the address exists there is not told either."""
    mine = add_alias(tenant.site.engine, "info@example.org", ANN)
    for address in (EVE, "free@other.example", "free@unknown.example", "@other.example"):
        assert keys_of(tenant.aliases.edit(mine, {"address": address})) == {"access_denied"}
        assert key_of(lambda address=address: tenant.aliases.add(bad(address=address))) == "access_denied"


def test_targets_are_unrestricted(tenant: Ops) -> None:
    tenant.commit(tenant.aliases.add(bad(goto=f"{EVE} x@elsewhere.example")))
    assert aliases(tenant) == {"info@example.org": f"{EVE},x@elsewhere.example"}


def test_a_plan_of_another_is_not_committed(ops: Ops, tenant: Ops) -> None:
    plan = ops.aliases.add(bad(address="info@other.example"))
    with pytest.raises(Denied):
        tenant.commit(plan)


def test_a_lost_domain_is_out_of_reach_at_once(tenant: Ops, engine: sa.Engine) -> None:
    plan = tenant.aliases.add(bad())
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM domain_admins"))
    with pytest.raises(Denied):
        tenant.commit(plan)
    assert len(tenant.aliases.frame()) == 0


def test_mailbox_users_have_no_aliases(ops: Ops) -> None:
    key = add_alias(ops.site.engine, "info@example.org", ANN)
    ann = ops.acting_as(mailbox_user(ANN, "spam_alias"))
    assert len(ann.aliases.frame()) == 0
    for attempt in (
        lambda: ann.aliases.add(bad()),
        lambda: ann.aliases.edit(key, {"active": 0}),
        lambda: ann.aliases.delete(key),
        lambda: ann.aliases.run("expand", key),
    ):
        assert key_of(attempt) == "access_denied"


# -- many -----------------------------------------------------------------------------------------------------------
def test_the_number_of_statements_does_not_grow_with_the_rows(ops: Ops, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET aliases = 5000"))
    ops.aliases.add(bad())

    def statements(count: int, work: Callable[[], object]) -> int:
        seen: list[str] = []
        sa.event.listen(engine, "before_cursor_execute", listener := lambda *args: seen.append(args[2]))
        work()
        sa.event.remove(engine, "before_cursor_execute", listener)
        return len(seen)

    def add(count: int, stem: str) -> Callable[[], object]:
        many = [bad(address=f"{stem}{n}@example.org", goto=[ANN, f"{stem}{n}@elsewhere.example"]) for n in range(count)]
        return lambda: ops.commit(ops.aliases.add_many(many))

    ops.commit(ops.aliases.add(bad()))
    few, many = statements(2, add(2, "few")), statements(400, add(400, "many"))
    assert many <= few
    keys = list(ops.aliases.frame(Query.where(address__starts="many")).index)
    few, many = (
        statements(n, lambda n=n, b=b: ops.commit(ops.aliases.edit(keys[:n], {"goto": b})))
        for n, b in ((2, BOB), (400, EVE))
    )
    assert many <= few + 2
    assert index(ops) == exploded(ops)
    with read(engine) as connection:
        assert alias_targets._stored(connection) == alias_targets._signature(connection)


def test_an_undo_keeps_to_the_limit_unless_it_was_broken_before(ops: Ops, engine: sa.Engine) -> None:
    def limit(most: int) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE domain SET aliases = :most"), {"most": most})

    keys = [add_alias(engine, f"{stem}@example.org", ANN) for stem in "abc"]
    limit(2)
    broken = ops.commit(ops.aliases.delete(keys[0]))
    kept = ops.commit(ops.aliases.delete(keys[1]))
    ops.commit(ops.aliases.add(bad()))
    plan = ops.undo(kept.change_id)
    assert key_of(lambda: ops.commit(plan)) == "max_alias_exceeded"
    ops.commit(ops.undo(broken.change_id))
    assert set(aliases(ops)) == {"a@example.org", "c@example.org", "info@example.org"}


def test_only_the_row_that_is_named_is_meant(ops: Ops) -> None:
    """MariaDB compares 3 = '3@anything' and 'ann' = 'änn ' as true."""
    key = add_alias(ops.site.engine, "info@example.org", ANN)
    for wrong in (f"{key}@anything", f"{key}abc", f" {key}", f"{key}.0", "", "x", "²", "9" * 40):
        for plan in (ops.aliases.delete(wrong), ops.aliases.edit(wrong, {"active": 0})):
            assert keys_of(plan) == {"access_denied"} and plan.empty
    for other in (f"{ANN} ", "änn@example.org"):
        for plan in (ops.mailboxes.delete(other), ops.mailboxes.edit(other, {"name": "x"})):
            assert keys_of(plan) == {"access_denied"} and plan.empty
    plan = ops.aliases.delete(str(key))
    assert (plan.count, plan.refused) == (1, [])
