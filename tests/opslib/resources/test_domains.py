from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa

from opslib import dkim, registry
from opslib.errors import Conflict, Denied, UserError
from opslib.host.absent import AbsentHost
from opslib.ops import Ops
from opslib.query import Query, Selection
from opslib.resources import quota_copies
from opslib.schema import alias_domain
from opslib.stores.database import read, write
from tests.opslib.resources.support import (
    ADMIN,
    MIB,
    add_alias,
    add_alias_domain,
    add_domain,
    add_mailbox,
    add_resource,
    add_row,
    domain_admin,
    hashes,
    keys_of,
    mailbox_user,
    make_ops,
    make_site,
    rows,
    snapshot,
)

HASHES = ("DOMAIN_MAP", "RL_VALUE", "QW_BCC", dkim.PUBLIC, dkim.SELECTORS, dkim.PRIVATE)
NO_KEY = {"dkim_selector": ""}


def refusals(ops: Ops, values: dict[str, Any]) -> set[tuple[str, str | None]]:
    plan = ops.domains.add_many([{**NO_KEY, **values}])
    return {(outcome.key, outcome.field) for outcome in plan.refused}


def edit_refusals(ops: Ops, name: str, **changes: Any) -> set[tuple[str, str | None]]:
    return {(outcome.key, outcome.field) for outcome in ops.domains.edit(name, changes).refused}


def undone(ops: Ops, change_id: int | None) -> None:
    assert change_id is not None
    ops.commit(ops.undo(change_id))


def statements(engine: sa.Engine, ask: Any) -> int:
    """How many statements `ask` sends."""
    sent: list[str] = []

    def note(*given: Any) -> None:
        if not str(given[2]).startswith(("BEGIN", "PRAGMA")):
            sent.append(given[2])

    sa.event.listen(engine, "before_cursor_execute", note)
    ask()
    sa.event.remove(engine, "before_cursor_execute", note)
    return len(sent)


# -- reading --------------------------------------------------------------------------------------------------------
@pytest.fixture
def filled(engine: sa.Engine) -> Ops:
    """example.org with two mailboxes, a resource, an alias domain and aliases; another.org beside it."""
    add_domain(engine, "example.org")
    add_domain(engine, "another.org")
    add_alias_domain(engine, "example.net", "example.org")
    add_mailbox(engine, "ann@example.org", quota=300 * MIB, used=5000)
    add_mailbox(engine, "bob@example.org", quota=0, used=7000)
    add_resource(engine, "room@example.org")
    add_mailbox(engine, "zoe@another.org", used=1)
    add_alias(engine, "info@example.org", "ann@example.org")
    add_alias(engine, "info@example.net", "ann@example.org")
    add_row(engine, "tags_domain", tag_name="gold", domain="example.org")
    add_row(engine, "tags_domain", tag_name="blue", domain="example.org")
    domain_admin(engine, "keeper", "example.org")
    ops = make_ops(engine)
    ops.site.keyvalue.hset("RL_VALUE", {"example.org": "10 / 1h"})
    ops.site.keyvalue.hset("QW_BCC", {"example.org": json.dumps({"bcc_rcpts": ["a@b.cc"], "active": 1})})
    return ops


def test_figures_follow_the_contract(filled: Ops) -> None:
    found = filled.domains.get("example.org")
    assert found["mboxes_in_domain"] == 2
    assert found["mboxes_left"] == 98
    assert found["aliases_in_domain"] == 2
    assert found["aliases_left"] == 198
    assert found["quota_used_in_domain"] == 300 * MIB
    assert found["bytes_total"] == 12000
    assert found["msgs_total"] == 12
    assert found["quota"] == 10240 * MIB
    assert found["max_new_mailbox_quota"] == 2048 * MIB
    assert found["def_new_mailbox_quota"] == 1024 * MIB
    assert found["alias_domains"] == 1
    assert found["tags"] == ("blue", "gold")
    assert found["rate_limit"] == "10/h"
    assert found["quota_copies"] == ("a@b.cc",)
    assert found["quota_copies_active"] is True
    assert found["domain_admins"] == ("keeper",)


def test_an_empty_domain_has_zeros(engine: sa.Engine) -> None:
    found = make_ops(engine, ADMIN)
    add_domain(engine, "empty.org")
    row = found.domains.get("empty.org")
    assert [row[name] for name in ("mboxes_in_domain", "aliases_in_domain", "quota_used_in_domain", "bytes_total")] == [
        0
    ] * 4
    assert row["tags"] == row["quota_copies"] == row["domain_admins"] == ()
    assert row["rate_limit"] == ""


def test_a_page_is_the_same_number_of_statements_whatever_its_size(engine: sa.Engine, filled: Ops) -> None:
    few = statements(engine, lambda: filled.domains.page(Query(page_size=1)))
    for number in range(60):
        add_domain(engine, f"d{number}.org")
    many = statements(engine, lambda: filled.domains.page(Query(page_size=100)))
    assert many == few


def test_every_declared_way_to_ask_works(filled: Ops) -> None:
    domains = filled.domains
    for name, field in domains.fields.items():
        if field.sortable:
            assert domains.page(Query(sort=[f"-{name}"])).total == 2
    assert list(domains.frame(Query.where(tags__contains="gol")).index) == ["example.org"]
    assert list(domains.frame(Query.where(tags="gold")).index) == ["example.org"]
    assert list(domains.frame(Query.where(mboxes_in_domain__ge="2")).index) == ["example.org"]
    assert list(domains.frame(Query.where(quota_used_in_domain__ge="200 MiB")).index) == ["example.org"]
    assert list(domains.frame(Query.where(quota__le="10240")).index) == ["another.org", "example.org"]
    assert list(domains.frame(Query(search="ano")).index) == ["another.org"]


def test_broken_copies_settings_count_as_none() -> None:
    assert quota_copies.decode('{"bcc_rcpts": {"1": "a@b.cc"}, "active": "1"}') == (("a@b.cc",), True)
    for text in (None, "", "nonsense", "[1]", '{"bcc_rcpts": 7}', "null"):
        assert quota_copies.decode(text) == ((), False)


# -- add ------------------------------------------------------------------------------------------------------------
def test_add_writes_the_row_and_every_effect_and_undo_takes_all_back(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    add_domain(engine, "other.org")
    add_mailbox(engine, "ann@other.org")
    add_row(engine, "sender_acl", logged_in_as="ann@other.org", send_as="x@new.org", external=1)
    add_row(engine, "sender_acl", logged_in_as="ann@other.org", send_as="@new.org", external=1)
    add_row(engine, "sender_acl", logged_in_as="ann@other.org", send_as="x@brandnew.org", external=1)
    before, kept = snapshot(engine, ("modified", "c_password")), hashes(ops, *HASHES)
    values = {"domain": "New.ORG", "rate_limit": "5/m", "tags": "b, a", "key_size": 1024, "restart_sogo": True}
    plan = ops.domains.add({**values, "description": ""})
    assert before == snapshot(engine, ("modified", "c_password"))
    assert "PRIVATE" not in repr(plan)
    result = ops.commit(plan)
    (row,) = rows(engine, "domain", domain="new.org")
    assert (row["description"], row["quota"], row["defquota"], row["relayhost"]) == ("new.org", 10240, 3072, "0")
    assert {r["tag_name"] for r in rows(engine, "tags_domain", domain="new.org")} == {"a", "b"}
    assert [r["send_as"] for r in rows(engine, "sender_acl")] == ["x@brandnew.org"]
    stored = hashes(ops, *HASHES)
    assert stored["DOMAIN_MAP"] == {"new.org": "1"}
    assert stored["RL_VALUE"] == {"new.org": "5 / 1m"}
    assert stored[dkim.SELECTORS] == {"new.org": "dkim"}
    assert stored[dkim.PRIVATE]["dkim.new.org"].startswith("-----BEGIN PRIVATE KEY-----")
    assert len(stored[dkim.PUBLIC]["new.org"]) == 216
    assert {entry["service"] for entry in ops.site.host.log() if entry["verb"] == "restart"} == {"sogo-mailcow"}  # type: ignore[attr-defined]
    undone(ops, result.change_id)
    assert snapshot(engine, ("modified", "c_password")) | {"_sogo_static_view": []} == before | {
        "_sogo_static_view": []
    }
    assert hashes(ops, *HASHES) == kept


def test_no_private_key_is_kept_by_plan_journal_or_outbox(engine: sa.Engine) -> None:
    ops = make_ops(engine, host=AbsentHost())
    ops.commit(ops.domains.add({"domain": "new.org", "key_size": 1024}))
    secret = ops.site.keyvalue.hget(dkim.PRIVATE, "dkim.new.org")
    assert secret is not None
    with read(engine) as connection:
        for table in ("ops_change", "ops_change_row", "ops_outbox"):
            text = repr(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            assert "PRIVATE KEY" not in text
            assert secret.splitlines()[1] not in text


def test_a_dkim_key_that_is_there_is_used_again(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    ops.site.keyvalue.hset(dkim.SELECTORS, {"new.org": "old"})
    ops.site.keyvalue.hset(dkim.PUBLIC, {"new.org": "public"})
    plan = ops.domains.add({"domain": "new.org"})
    assert [problem.key for problem in plan.warnings] == ["domain_add_dkim_available"]
    undone(ops, ops.commit(plan).change_id)
    assert ops.site.keyvalue.hgetall(dkim.SELECTORS) == {"new.org": "old"}


def test_the_first_template_fills_in_and_a_chosen_one_wins(engine: sa.Engine) -> None:
    base = {"max_num_aliases_for_domain": 7, "max_num_mboxes_for_domain": 3, "def_quota_for_mbox": 11 * MIB, "gal": 0}
    add_row(engine, "templates", id=-1, template="First", type="domain", attributes=base)
    add_row(engine, "templates", template="Boxes", type="mailbox", attributes={"max_num_aliases_for_domain": 1})
    rich = {"rl_value": "9", "rl_frame": "d", "tags": ["vip"], "dkim_selector": "", "max_num_aliases_for_domain": 8}
    chosen = add_row(engine, "templates", template="Rich", type="domain", attributes=rich)
    ops = make_ops(engine)
    first = {change.field: change.after for change in ops.domains.add({"domain": "one.org"}).changes}
    assert (first["aliases"], first["mailboxes"], first["defquota"], first["gal"]) == (7, 3, 11 * MIB, False)
    second = {
        c.field: c.after for c in ops.domains.add({"domain": "two.org", "template": chosen, "aliases": 5}).changes
    }
    assert (second["aliases"], second["rate_limit"], second["tags"]) == (5, "9/d", ("vip",))
    assert ops.domains.defaults({"template": chosen})["rate_limit"] == "9/d"
    assert refusals(ops, {"domain": "x.org", "template": "999"}) == {("template_missing", "template")}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"domain": ""}, ("field_needed", "domain")),
        ({"domain": "no domain"}, ("domain_invalid", "domain")),
        ({"domain": "a_b.org"}, ("domain_invalid", "domain")),
        ({"domain": "taken.org"}, ("domain_exists", "domain")),
        ({"domain": "TAKEN.org"}, ("domain_exists", "domain")),
        ({"domain": "alias.org"}, ("domain_exists", "domain")),
        ({"domain": "mx.example.net"}, ("domain_cannot_match_hostname", "domain")),
        ({"defquota": "11", "maxquota": "10"}, ("mailbox_defquota_exceeds_mailbox_maxquota", "defquota")),
        ({"maxquota": "11", "quota": "10", "defquota": "1"}, ("mailbox_quota_exceeds_domain_quota", "maxquota")),
        ({"defquota": "0"}, ("defquota_empty", "defquota")),
        ({"maxquota": "0"}, ("maxquota_empty", "maxquota")),
        ({"aliases": "many"}, ("value_not_number", "aliases")),
        ({"mailboxes": -1}, ("value_too_small", "mailboxes")),
        ({"rate_limit": "10/w"}, ("rl_timeframe", "rate_limit")),
        ({"rate_limit": "0/h"}, ("rl_value", "rate_limit")),
        ({"dkim_selector": "a b"}, ("dkim_domain_or_sel_invalid", "dkim_selector")),
        ({"key_size": "512"}, ("value_not_choice", "key_size")),
        ({"relayhost": "1"}, ("field_read_only", "relayhost")),
        ({"bytes_total": "1"}, ("field_read_only", "bytes_total")),
        ({"nothing": "1"}, ("field_unknown", "nothing")),
        ({"tags": [str(number) for number in range(27)]}, ("tag_limit_exceeded", "tags")),
    ],
)
def test_add_refuses(engine: sa.Engine, values: dict[str, Any], found: tuple[str, str]) -> None:
    add_domain(engine, "taken.org")
    add_alias_domain(engine, "alias.org", "taken.org")
    assert found in refusals(make_ops(engine), {"domain": "new.org", **values})


def test_a_name_is_taken_once_per_plan_and_by_a_racing_alias_domain(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    add_domain(engine, "old.org")
    assert keys_of(ops.domains.add_many([{"domain": "a.org", **NO_KEY}, {"domain": "A.org", **NO_KEY}])) == {
        "domain_exists"
    }
    plan = ops.domains.add({"domain": "late.org", **NO_KEY})
    add_alias_domain(engine, "late.org", "old.org")
    with pytest.raises(UserError, match="late.org"):
        ops.commit(plan)
    assert not rows(engine, "domain", domain="late.org")
    assert ops.site.keyvalue.hgetall("DOMAIN_MAP") == {}


def test_writers_that_cannot_see_each_other_take_turns(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    add_domain(engine, "old.org")
    plan = ops.domains.add({"domain": "late.org", **NO_KEY})
    refused: list[str] = []

    def commit() -> None:
        try:
            ops.commit(plan)
        except UserError as error:
            refused.append(error.key)

    other = threading.Thread(target=commit)
    with write(engine) as connection:
        values = {"alias_domain": "late.org", "target_domain": "old.org"}
        connection.execute(alias_domain.insert().values(values))
        registry.check("domain_names_unique", connection, ops.site, "late.org")
        other.start()
        time.sleep(0.3)
    other.join()
    assert refused == ["domain_exists"]
    assert not rows(engine, "domain", domain="late.org")


def test_transports_are_named_only_to_those_who_may_choose(keeper: Ops) -> None:
    assert keeper.domains.choices("relayhost") == {"0": "none"}
    assert keeper.acting_as(ADMIN).domains.choices("relayhost") == {"0": "none", "1": "out"}


def test_international_names_are_kept_in_ascii(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    ops.commit(ops.domains.add({"domain": "Bücher.example", **NO_KEY}))
    assert rows(engine, "domain")[0]["domain"] == "xn--bcher-kva.example"
    assert ops.domains.fields["domain"].show("xn--bcher-kva.example") == "bücher.example"


def test_narrower_relay_flags_imply_the_wider_ones(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    ops.commit(ops.domains.add({"domain": "r.org", "relay_unknown_only": 1, **NO_KEY}))
    (row,) = rows(engine, "domain")
    assert (row["backupmx"], row["relay_all_recipients"], row["relay_unknown_only"]) == (1, 1, 1)
    ops.commit(ops.domains.edit("r.org", {"backupmx": False}))
    (row,) = rows(engine, "domain")
    assert (row["backupmx"], row["relay_all_recipients"], row["relay_unknown_only"]) == (0, 0, 0)
    ops.commit(ops.domains.edit("r.org", {"relay_all_recipients": True}))
    (row,) = rows(engine, "domain")
    assert (row["backupmx"], row["relay_all_recipients"], row["relay_unknown_only"]) == (1, 1, 0)


def test_tags_that_the_database_holds_for_equal_are_one(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    ops.commit(ops.domains.add({"domain": "t.org", "tags": ["Blau", "blau", "grün", "grun"], **NO_KEY}))
    assert ops.domains.get("t.org")["tags"] == ("Blau", "grun")
    change = ops.commit(ops.domains.edit("t.org", {"tags": ["blau", "grün", "new"]})).change_id
    assert ops.domains.get("t.org")["tags"] == ("blau", "grün", "new")
    undone(ops, change)
    assert ops.domains.get("t.org")["tags"] == ("Blau", "grun")


def test_an_undo_leaves_a_domain_that_is_lived_in(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    change = ops.commit(ops.domains.add({"domain": "new.org", **NO_KEY})).change_id
    add_mailbox(engine, "ann@new.org")
    with pytest.raises(UserError, match="still has"):
        undone(ops, change)
    assert rows(engine, "domain", domain="new.org")


# -- edit -----------------------------------------------------------------------------------------------------------
def test_a_domain_switched_off_locks_its_users_out_at_once(filled: Ops) -> None:
    key = str(filled.domains.frame().index[0])
    plan = filled.domains.edit(key, {"active": False})
    assert [(effect.verb, effect.args) for effect in plan.effects] == [("flush_auth_cache", {})]
    assert not filled.domains.edit(key, {"description": "other"}).effects


def test_edit_and_undo_restore_every_row_and_effect(filled: Ops, engine: sa.Engine) -> None:
    relayhost = add_row(engine, "relayhosts", hostname="out", username="u", password="p", active=1)
    before, kept = snapshot(engine), hashes(filled, *HASHES)
    changes = {
        "description": "new", "quota": "20 GiB", "maxquota": "15 GiB", "defquota": "2 GiB", "mailboxes": 5, "aliases": 9,
        "relayhost": relayhost, "gal": 0, "active": 0, "tags": "blue, green", "rate_limit": "", "quota_copies": "x@y.zz",
    }  # fmt: skip
    plan = filled.domains.edit("example.org", changes)
    assert [problem.key for problem in plan.warnings] == ["sogo_restart_needed"]
    change = filled.commit(plan).change_id
    found = filled.domains.get("example.org")
    assert found["quota"] == 20480 * MIB
    assert found["relayhost"] == str(relayhost)
    assert found["tags"] == ("blue", "green")
    stored = hashes(filled, *HASHES)
    assert stored["RL_VALUE"] == {}
    assert json.loads(stored["QW_BCC"]["example.org"]) == {"bcc_rcpts": ["x@y.zz"], "active": 1}
    undone(filled, change)
    assert snapshot(engine) == before
    assert hashes(filled, *HASHES) == kept


def test_copies_without_addresses_are_off(filled: Ops) -> None:
    filled.commit(filled.domains.edit("example.org", {"quota_copies": ""}))
    stored = json.loads(filled.site.keyvalue.hget("QW_BCC", "example.org") or "")
    assert stored == {"bcc_rcpts": [], "active": 0}
    assert filled.domains.edit("example.org", {"quota_copies_active": 1}).empty
    assert edit_refusals(filled, "example.org", quota_copies="nobody") == {("goto_invalid", "quota_copies")}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"maxquota": "299"}, ("max_quota_in_use", "maxquota")),
        ({"quota": "299", "maxquota": "299", "defquota": "1"}, ("domain_quota_m_in_use", "quota")),
        ({"mailboxes": 1}, ("mailboxes_in_use", "mailboxes")),
        ({"aliases": 0}, ("aliases_in_use", "aliases")),
        ({"defquota": "3 GiB"}, ("mailbox_defquota_exceeds_mailbox_maxquota", "defquota")),
        ({"maxquota": "30 GiB"}, ("mailbox_quota_exceeds_domain_quota", "maxquota")),
        ({"defquota": 0}, ("defquota_empty", "defquota")),
        ({"maxquota": 0}, ("maxquota_empty", "maxquota")),
        ({"relayhost": "77"}, ("relayhost_invalid", "relayhost")),
        ({"backupmx": 1}, ("targetd_relay_domain", "backupmx")),
        ({"domain": "x.org"}, ("field_read_only", "domain")),
        ({"template": "1"}, ("field_read_only", "template")),
    ],
)
def test_edit_refuses(filled: Ops, changes: dict[str, Any], found: tuple[str, str]) -> None:
    assert found in edit_refusals(filled, "example.org", **changes)


def test_an_over_committed_domain_can_be_worked_on(filled: Ops, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET mailboxes=0, quota=100, maxquota=100, defquota=10, aliases=0"))
    assert not edit_refusals(filled, "example.org", description="fine", mailboxes=1, quota="200")
    filled.commit(filled.domains.edit("example.org", {"mailboxes": 1, "active": 0}))


def test_limits_are_held_against_what_other_writers_added(filled: Ops, engine: sa.Engine) -> None:
    plan = filled.domains.edit("example.org", {"mailboxes": 2})
    add_mailbox(engine, "late@example.org")
    with pytest.raises(UserError) as caught:
        filled.commit(plan)
    assert caught.value.key == "mailboxes_in_use"


def test_an_undo_is_held_against_what_came_meanwhile(filled: Ops, engine: sa.Engine) -> None:
    filled.commit(filled.domains.edit("another.org", {"mailboxes": 1}))
    change = filled.commit(filled.domains.edit("another.org", {"mailboxes": 2})).change_id
    add_mailbox(engine, "late@another.org")
    with pytest.raises(UserError) as caught:
        undone(filled, change)
    assert caught.value.key == "mailboxes_in_use"
    relayhost = add_row(engine, "relayhosts", hostname="out", username="u", password="p", active=1)
    filled.commit(filled.domains.edit("example.org", {"relayhost": relayhost}))
    change = filled.commit(filled.domains.edit("example.org", {"relayhost": ""})).change_id
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM relayhosts"))
    with pytest.raises(UserError) as caught:
        undone(filled, change)
    assert caught.value.key == "relayhost_invalid"


def test_many_new_domains_take_as_many_statements_as_one(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    one = statements(engine, lambda: ops.domains.add_many([{"domain": "a.org", "rate_limit": "1/s"}]))
    many = statements(
        engine, lambda: ops.domains.add_many([{"domain": f"d{n}.org", "rate_limit": "1/s"} for n in range(50)])
    )
    assert many == one


def test_edit_of_an_alias_domain_or_nothing_is_refused(filled: Ops) -> None:
    for name in ("example.net", "nowhere.org", "", "example.org'--"):
        assert keys_of(filled.domains.edit(name, {"description": "x"})) == {"access_denied"}


def test_an_edit_that_changes_nothing_says_nothing(filled: Ops) -> None:
    assert filled.domains.edit("example.org", {"active": 1, "description": ""}).outcomes == []


def test_a_row_that_changed_meanwhile_is_a_conflict(filled: Ops, engine: sa.Engine) -> None:
    plan = filled.domains.edit("example.org", {"mailboxes": 50})
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET mailboxes=60 WHERE domain='example.org'"))
    with pytest.raises(Conflict):
        filled.commit(plan)


def test_bulk_edit_takes_as_many_statements_as_a_single_one(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    for number in range(40):
        add_domain(engine, f"d{number}.org")
    change = {"mailboxes": 50, "rate_limit": "1/s", "tags": "x"}
    one = statements(engine, lambda: ops.domains.edit("d0.org", change))
    many = statements(engine, lambda: ops.domains.edit(Selection.matching(Query()), change))
    assert many <= one + 2


# -- delete ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def leaving(engine: sa.Engine) -> Ops:
    """gone.org with everything that can speak of it, and kept.org with the like of it."""
    for name in ("gone.org", "kept.org"):
        add_domain(engine, name)
        add_alias_domain(engine, f"also-{name}", name)
        add_alias(engine, f"info@{name}", "ann@other.org")
        add_alias(engine, f"info@also-{name}", "ann@other.org,x@ext.org")
        for part in (name, f"also-{name}"):
            add_row(engine, "spamalias", address=f"temp@{part}", goto="ann@other.org", description="", validity=1)
            add_row(engine, "bcc_maps", local_dest=f"@{part}", bcc_dest="a@b.cc", domain=part, type="rcpt", active=1)
        add_row(engine, "tags_domain", tag_name="t", domain=name)
        add_row(engine, "filterconf", object=name, option="whitelist_from", value="x@y.zz")
        add_row(engine, "filterconf", object=f"former@{name}", option="highspamlevel", value="9")
        add_row(engine, "mta_sts", id=1, domain=name, version="stsv1", mode="none", mx="a.b", max_age="1")
        footer = {"html": "h", "plain": "p", "mbox_exclude": ["a@b.cc"], "alias_domain_exclude": []}
        add_row(engine, "domain_wide_footer", domain=name, **footer)
        add_row(engine, "quota2", username=f"former@{name}", bytes=1)
        add_row(engine, "quota2replica", username=f"former@{name}", bytes=1)
        add_row(engine, "pushover", username=f"former@{name}", key="k", token="t", attributes={})
        add_row(engine, "sender_acl", logged_in_as=f"former@{name}", send_as="x@y.zz", external=1)
        add_row(engine, "sender_acl", logged_in_as="ann@other.org", send_as=f"info@{name}")
        add_row(engine, "sender_acl", logged_in_as="ann@other.org", send_as=f"@also-{name}")
    add_domain(engine, "other.org")
    add_mailbox(engine, "ann@other.org")
    domain_admin(engine, "both", "gone.org", "kept.org")
    domain_admin(engine, "only", "gone.org")
    add_row(engine, "tfa", key_id="k", username="only", authmech="totp", secret="s", active=1)
    add_row(engine, "admin", username="root", password="x", superadmin=1, active=1)
    add_row(engine, "domain_admins", username="root", domain="gone.org", active=1)
    ops = make_ops(engine)
    for name in ("gone.org", "also-gone.org", "kept.org", "also-kept.org"):
        ops.site.keyvalue.hset("DOMAIN_MAP", {name: "1"})
        ops.site.keyvalue.hset("RL_VALUE", {name: "10 / 1h"})
        ops.site.keyvalue.hset("QW_BCC", {name: "{}"})
        ops.site.keyvalue.hset(dkim.SELECTORS, {name: "dkim"})
    return ops


def speaking_of(engine: sa.Engine, word: str) -> dict[str, list[dict[str, Any]]]:
    """Rows that hold a word, but for SOGo's, which are derived."""
    found = {name: [row for row in table if word in str(row)] for name, table in snapshot(engine).items()}
    return {name: table for name, table in found.items() if table and name != "_sogo_static_view"}


def test_delete_leaves_nothing_behind_and_touches_nothing_else(leaving: Ops, engine: sa.Engine) -> None:
    kept = speaking_of(engine, "kept")
    plan = leaving.domains.delete("gone.org")
    blast = {entry.what: entry.count for entry in plan.blast}
    assert blast["aliases"] == 2
    assert blast["alias domains"] == 1
    assert blast["temporary aliases"] == 2
    assert blast["accounts of domain administrators"] == 1
    assert blast["sender rights"] == 3
    assert [problem.args for problem in plan.warnings if problem.key == "domain_admins_lost"] == [("only",)]
    leaving.commit(plan)
    assert speaking_of(engine, "gone.org") == {}
    assert speaking_of(engine, "kept") == kept
    assert [r["username"] for r in rows(engine, "admin")] == ["both", "root"]
    assert [r["username"] for r in rows(engine, "da_acl")] == ["both"]
    assert rows(engine, "tfa") == []
    stored = hashes(leaving, "DOMAIN_MAP", "RL_VALUE", "QW_BCC")
    assert all(set(fields) == {"kept.org", "also-kept.org"} for fields in stored.values())
    assert "gone.org" in leaving.site.keyvalue.hgetall(dkim.SELECTORS)
    cleanups = [e["path"] for e in leaving.site.host.log() if e["verb"] == "maildir_cleanup"]  # type: ignore[attr-defined]
    assert cleanups == ["gone.org"]


def test_undo_of_delete_restores_every_row_and_field(leaving: Ops, engine: sa.Engine) -> None:
    before, kept = snapshot(engine, ()), hashes(leaving, *HASHES)
    change = leaving.commit(leaving.domains.delete("gone.org")).change_id
    plan = leaving.undo(change or 0)
    assert "secret_not_restored" in {problem.key for problem in plan.warnings}
    leaving.commit(plan)
    after = snapshot(engine, ())
    for table in ("tfa", "admin", "pushover", "_sogo_static_view"):
        after.pop(table), before.pop(table)
    assert after == before
    assert [r["username"] for r in rows(engine, "admin")] == ["both", "only", "root"]
    assert [r["password"] for r in rows(engine, "admin", username="only")] == ["{CRYPT}*"]
    assert hashes(leaving, *HASHES) == kept


@pytest.mark.parametrize("make", [add_mailbox, add_resource])
def test_a_domain_that_is_lived_in_stays(leaving: Ops, engine: sa.Engine, make: Any) -> None:
    make(engine, "x@gone.org")
    assert keys_of(leaving.domains.delete("gone.org")) == {"domain_not_empty"}
    with pytest.raises(UserError):
        leaving.commit(leaving.domains.delete("gone.org"))
    plan = leaving.domains.delete(["gone.org", "kept.org"])
    leaving.commit(plan, partial=True)
    assert [r["domain"] for r in rows(engine, "domain")] == ["gone.org", "other.org"]


def test_a_mailbox_made_meanwhile_stops_the_delete(leaving: Ops, engine: sa.Engine) -> None:
    plan = leaving.domains.delete("gone.org")
    add_mailbox(engine, "late@gone.org")
    with pytest.raises(UserError) as caught:
        leaving.commit(plan)
    assert caught.value.key in {"domain_not_empty", "row_changed"}
    assert rows(engine, "domain", domain="gone.org")


def test_unknown_domains_are_not_deleted_successfully(leaving: Ops) -> None:
    for name in ("nowhere.org", "also-gone.org", "%", ""):
        plan = leaving.domains.delete(name)
        assert keys_of(plan) == {"access_denied"}
        assert plan.empty


# -- rights ---------------------------------------------------------------------------------------------------------
DA_FIELDS = {
    "gal": (0, None),
    "tags": ("x", None),
    "quota_copies": ("c@d.ee", None),
    "description": ("x", "domain_desc"),
    "relayhost": ("1", "domain_relayhost"),
    "rate_limit": ("1/s", "ratelimit"),
}
BITS = {"domain_desc", "domain_relayhost", "ratelimit", "unlimited_quota", "alias_domains", "spam_policy"}


@pytest.fixture
def keeper(filled: Ops, engine: sa.Engine) -> Ops:
    """A domain administrator of example.org without any bit."""
    add_row(engine, "relayhosts", id=1, hostname="out", username="u", password="p", active=1)
    return filled.acting_as(domain_admin(engine, "keeper2", "example.org"))


def test_a_domain_administrator_sees_nothing_of_other_domains(keeper: Ops) -> None:
    domains = keeper.domains
    assert list(domains.frame().index) == ["example.org"]
    assert "domain_admins" not in domains.frame().columns
    assert domains.count(Query(search="another")) == 0
    assert domains.count(Query.where(domain__in="another.org|example.org")) == 1
    assert domains.keys(Selection.matching(Query(sort=["-bytes_total"]))) == ["example.org"]
    for name in ("another.org", "ANOTHER.org", "example.net"):
        with pytest.raises(Denied):
            domains.get(name)
    with pytest.raises(UserError):
        domains.page(Query.where(domain_admins__contains="k"))
    with pytest.raises(UserError):
        domains.page(Query(sort=["domain_admins"]))


@pytest.mark.parametrize("name", sorted(DA_FIELDS))
def test_each_field_of_a_domain_administrator_hangs_on_its_bit(keeper: Ops, name: str) -> None:
    value, bit = DA_FIELDS[name]
    for bits in (BITS, BITS - {bit or ""}, set(), {bit or ""}):
        ops = keeper.acting_as(type(keeper.actor)(keeper.actor.name, "domainadmin", frozenset(bits)))
        plan = ops.domains.edit("example.org", {name: value})
        if bit is None or bit in bits:
            assert not plan.refused
            undone(ops, ops.commit(plan).change_id)
        else:
            assert keys_of(plan) == {"acl_needed"}
            with pytest.raises(UserError):
                ops.commit(plan)


def test_no_other_field_is_a_domain_administrators(keeper: Ops) -> None:
    ops = keeper.acting_as(type(keeper.actor)(keeper.actor.name, "domainadmin", frozenset(BITS)))
    for name in ops.domains.record.fields():
        if name not in {*DA_FIELDS, "quota_copies_active"}:
            assert not ops.domains.writable(name)
            assert keys_of(ops.domains.edit("example.org", {name: "1"})) & {"field_read_only", "acl_needed"}


def test_no_verb_of_a_domain_administrator_reaches_further(keeper: Ops, engine: sa.Engine) -> None:
    before = snapshot(engine)
    for name in ("another.org", "Another.ORG", "example.net", "nowhere.org"):
        assert keys_of(keeper.domains.edit(name, {"gal": 0})) == {"access_denied"}
    for denied in (
        lambda: keeper.domains.add({"domain": "mine.org"}),
        lambda: keeper.domains.delete("example.org"),
        lambda: keeper.domains.delete("another.org"),
    ):
        with pytest.raises(Denied):
            denied()
    plan = keeper.acting_as(ADMIN).domains.edit("another.org", {"gal": 0})
    with pytest.raises(Denied):
        keeper.commit(plan)
    change = keeper.acting_as(ADMIN).commit(keeper.acting_as(ADMIN).domains.edit("example.org", {"mailboxes": 77}))
    with pytest.raises(Denied):
        keeper.undo(change.change_id or 0)
    assert rows(engine, "domain", domain="another.org")[0]["gal"] == 1
    assert before["domain"] != snapshot(engine)["domain"]


def test_a_switched_off_assignment_gives_nothing(filled: Ops, engine: sa.Engine) -> None:
    add_row(engine, "domain_admins", username="off", domain="example.org", active=0)
    ops = filled.acting_as(type(ADMIN)("off", "domainadmin", frozenset(BITS)))
    assert ops.domains.count() == 0
    assert keys_of(ops.domains.edit("example.org", {"gal": 0})) == {"access_denied"}


def test_an_assignment_that_ends_between_plan_and_commit_stops_the_commit(keeper: Ops, engine: sa.Engine) -> None:
    plan = keeper.domains.edit("example.org", {"gal": 0})
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM domain_admins WHERE username='keeper2'"))
    with pytest.raises(Denied):
        keeper.commit(plan)


def test_mailbox_users_have_no_domains(filled: Ops) -> None:
    ops = filled.acting_as(mailbox_user("ann@example.org", *BITS))
    assert ops.domains.count() == 0
    for denied in (
        lambda: ops.domains.add({"domain": "x.org"}),
        lambda: ops.domains.edit("example.org", {"gal": 0}),
        lambda: ops.domains.delete("example.org"),
    ):
        with pytest.raises(Denied):
            denied()


def test_the_site_without_sogo_asks_nothing_of_it(engine: sa.Engine) -> None:
    site = make_site(engine)
    site.sogo = False
    ops = Ops(site, ADMIN)
    plan = ops.domains.add({"domain": "x.org", "restart_sogo": 1, **NO_KEY})
    assert {effect.kind for effect in plan.effects} == {"keyvalue"}


@pytest.mark.parametrize("name", ["quota", "defquota", "maxquota", "mailboxes", "aliases"])
def test_a_limit_is_never_empty(engine: sa.Engine, name: str) -> None:
    ops = make_ops(engine)
    ops.commit(ops.domains.add({"domain": "example.org"}))
    plan = ops.domains.edit("example.org", {name: ""})
    assert [(o.key, o.field) for o in plan.refused] == [("field_needed", name)]
