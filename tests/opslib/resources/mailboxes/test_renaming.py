from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.query import Query
from tests.opslib.resources.mailboxes.conftest import ANN, BOB, EVE
from tests.opslib.resources.mailboxes.test_deleting import HASHES, KEPT, PURGED, fill, named
from tests.opslib.resources.support import (
    add_alias,
    add_mailbox,
    add_resource,
    add_row,
    hashes,
    rows,
    snapshot,
)

NEW = "anna@example.org"
LOGIN = {"service": "imap", "real_rip": "1.2.3.4"}


@pytest.fixture
def full(ops: Ops) -> Ops:
    fill(ops.site.engine)
    add_row(ops.site.engine, "sasl_log", username=ANN, **LOGIN)
    for key in HASHES:
        ops.site.keyvalue.hset(key, {ANN: "1", BOB: "2"})
    ops.site.host.make_maildirs({"example.org/ann": 5})
    return ops


def plan(ops: Ops, to: str = "anna", keep: bool = False, name: str = ANN) -> Plan:
    return ops.mailboxes.run("rename", name, {"new_local_part": to, "keep_alias": keep})


def rename(ops: Ops, **given: Any) -> int:
    change = ops.commit(plan(ops, **given)).change_id
    assert change is not None
    return change


def key(ops: Ops, to: str, **given: Any) -> str:
    with pytest.raises(UserError) as caught:
        plan(ops, to, **given)
    return caught.value.key


def unique(engine: sa.Engine, table: str, **where: Any) -> dict[str, Any]:
    (found,) = rows(engine, table, **where)
    return found


# -- rows -----------------------------------------------------------------------------------------------------------
def test_the_new_name_stands_wherever_the_old_one_stood(full: Ops) -> None:
    engine = full.site.engine
    before = named(engine)
    rename(full)
    sogo = {"sogo_user_profile", "sogo_cache_folder", "sogo_acl", "sogo_folder_info"}  # SOGo renames its own
    assert set(named(engine)) <= sogo
    expected = {table: count for table, count in before.items() if table not in sogo}
    assert {table: count for table, count in named(engine, NEW).items() if table != "_sogo_static_view"} == expected
    assert set(expected) >= {
        *KEPT,
        *PURGED,
        "sasl_log",
        "mailbox",
        "user_acl",
        "quota2",
        "quota2replica",
        "domain_wide_footer",
    }
    row = unique(engine, "mailbox", username=NEW)
    assert row["local_part"] == "anna" and row["domain"] == "example.org"


def test_every_list_of_targets_follows(full: Ops) -> None:
    rename(full)
    left = {row["address"]: row["goto"] for row in rows(full.site.engine, "alias")}
    assert left[NEW] == left["only.ann@example.org"] == left["@example.org"] == NEW
    assert left["team@example.org"] == f"{BOB},{NEW}" and left["joann@example.org"] == "jo" + ANN and ANN not in left
    (sogo,) = rows(full.site.engine, "_sogo_static_view", c_uid=NEW)
    assert sogo["c_name"] == sogo["mail"] == NEW and sogo["ad_aliases"] == "anna@example.net"
    assert sogo["aliases"] == "only.ann@example.org team@example.org"


def test_key_value_store_and_host_follow(full: Ops) -> None:
    rename(full)
    assert hashes(full, *HASHES) == {name: {NEW: "1", BOB: "2"} for name in HASHES}
    assert full.site.host.maildirs() == {"example.org/anna": 5}
    verbs = [entry["verb"] for entry in reversed(full.site.host.log())]
    assert verbs == ["flush_memcached", "maildir_move", "sogo_rename", "imap_acl_rename", "flush_auth_cache"]


def test_nothing_is_asked_of_a_sogo_that_is_not_there(full: Ops) -> None:
    full.site.sogo = False
    assert {effect.verb for effect in plan(full).effects if effect.kind == "host"} == {
        "maildir_move",
        "imap_acl_rename",
        "flush_auth_cache",
    }


def test_an_undo_restores_every_row(full: Ops) -> None:
    before = snapshot(full.site.engine)
    change = rename(full, keep=True)
    full.commit(full.undo(change))
    after = snapshot(full.site.engine)
    assert {name for name in after if after[name] != before[name]} <= {"_sogo_static_view"}
    assert hashes(full, *HASHES) == {name: {ANN: "1", BOB: "2"} for name in HASHES}
    assert full.site.host.maildirs() == {"example.org/ann": 5}


def test_an_undo_takes_along_what_was_added_since(full: Ops) -> None:
    change = rename(full)
    add_row(full.site.engine, "app_passwd", name="new", mailbox=NEW, domain="example.org", password="{CRYPT}*")
    full.commit(full.undo(change))
    assert {row["mailbox"] for row in rows(full.site.engine, "app_passwd")} == {ANN}


def test_no_token_is_a_key_in_the_journal(full: Ops) -> None:
    rename(full)
    for table in ("ops_change", "ops_change_row", "ops_outbox"):
        assert "s3cret" not in str(rows(full.site.engine, table))


def test_foreign_keys_are_checked_again_afterwards(full: Ops) -> None:
    rename(full)
    with pytest.raises(sa.exc.IntegrityError):
        add_row(full.site.engine, "app_passwd", name="x", mailbox=ANN, domain="example.org", password="{CRYPT}*")


def test_leftovers_of_the_new_name_are_not_in_the_way(full: Ops) -> None:
    engine = full.site.engine
    add_row(engine, "quota2", username=NEW, bytes=9, messages=9)
    add_row(engine, "sasl_log", username=NEW, **LOGIN)
    full.site.keyvalue.hset("RL_VALUE", {NEW: "9 / 1s"})
    change = rename(full)
    assert unique(engine, "quota2", username=NEW)["bytes"] == 0 and len(rows(engine, "sasl_log")) == 1
    assert hashes(full, "RL_VALUE")["RL_VALUE"][NEW] == "1"
    full.commit(full.undo(change))
    assert unique(engine, "quota2", username=ANN)["bytes"] == 0


def test_a_target_list_that_names_both_names_it_once(ops: Ops) -> None:
    add_alias(ops.site.engine, "both@example.org", ANN, NEW)
    rename(ops)
    assert unique(ops.site.engine, "alias", address="both@example.org")["goto"] == NEW


def test_external_rights_to_send_as_it_show_in_sogo(ops: Ops) -> None:
    add_row(ops.site.engine, "sender_acl", logged_in_as=EVE, send_as=ANN, external=1)
    rename(ops)
    assert unique(ops.site.engine, "_sogo_static_view", c_uid=EVE)["ext_acl"] == NEW


# -- the old address ------------------------------------------------------------------------------------------------
def test_the_old_address_can_stay(ops: Ops) -> None:
    rename(ops, keep=True)
    row = unique(ops.site.engine, "alias", address=ANN)
    flags = ("active", "sogo_visible", "sender_allowed", "internal")
    assert row["goto"] == NEW and [row[flag] for flag in flags] == [1, 1, 1, 0] and row["private_comment"]
    assert unique(ops.site.engine, "_sogo_static_view", c_uid=NEW)["aliases"] == ANN


def test_the_footer_stays_off_for_the_old_address_while_it_is_there(full: Ops) -> None:
    rename(full, keep=True)
    assert unique(full.site.engine, "domain_wide_footer")["mbox_exclude"] == [NEW, BOB, ANN]


def test_the_alias_needs_room(ops: Ops) -> None:
    with ops.site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE domain SET aliases = 0")
    assert key(ops, "anna", keep=True) == "max_alias_exceeded"
    rename(ops)


# -- rules ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "to", ["a b", "a/b", "a+b", "o'neil", "a%", "ä", ".a", "<b>", "x" * 65, "a@other.example", "a,b", ""]
)
def test_unusable_names(ops: Ops, to: str) -> None:
    assert key(ops, to) in {"local_part_invalid", "value_too_long", "field_needed"}


@pytest.mark.parametrize("to", ["a\0b", "\ud800"])
def test_control_characters(ops: Ops, to: str) -> None:
    assert key(ops, to) == "value_control_characters"


def test_upper_case_and_blanks_are_mended(ops: Ops) -> None:
    rename(ops, to="  ANNA ")
    assert unique(ops.site.engine, "mailbox", username=NEW)["username"] == NEW
    assert key(ops, " ANNA", name=NEW) == "nothing_to_change"


def test_the_new_name_is_free(ops: Ops) -> None:
    engine = ops.site.engine
    add_alias(engine, "alias@example.org", "x@elsewhere.example")
    add_alias(engine, "shadow@example.net", "x@elsewhere.example")
    add_resource(engine, "room@example.org")
    add_row(engine, "spamalias", address="temp@example.org", goto=BOB, description="", validity=1)
    taken = {
        "bob": "object_exists",
        "room": "object_exists",
        "alias": "is_alias",
        "temp": "is_spam_alias",
        "shadow": "is_alias",
    }
    assert {name: key(ops, name) for name in taken} == taken


def test_the_name_is_taken_meanwhile(ops: Ops) -> None:
    made = plan(ops)
    ops.commit(ops.aliases.add({"address": NEW, "goto": BOB}))
    with pytest.raises(UserError):
        ops.commit(made)
    assert (
        unique(ops.site.engine, "mailbox", username=ANN)
        and unique(ops.site.engine, "alias", address=NEW)["goto"] == BOB
    )
    made = plan(ops, "other")
    add_alias(ops.site.engine, "other@example.net", BOB)
    with pytest.raises(UserError, match="other@example.net"):
        ops.commit(made)


def test_a_mailbox_that_is_off_is_refused(ops: Ops) -> None:
    add_mailbox(ops.site.engine, "off@example.org", active=0)
    add_mailbox(ops.site.engine, "two@example.org", active=2)
    for name in ("off@example.org", "nobody@example.org"):
        with pytest.raises(Denied):
            plan(ops, name=name)
    rename(ops, name="two@example.org", keep=True)
    assert unique(ops.site.engine, "alias", address=NEW)["active"] == 2


def test_one_mailbox_at_a_time(ops: Ops) -> None:
    for selection in ([ANN, BOB], Query.where(domain="example.org"), []):
        with pytest.raises(UserError) as caught:
            ops.mailboxes.run("rename", selection, {"new_local_part": "x"})
        assert caught.value.key == "nothing_selected"
    assert ops.mailboxes.run("rename", Query(search="ann"), {"new_local_part": "x"}).count == 1


def test_a_name_written_with_upper_case_elsewhere_is_lowered(ops: Ops) -> None:
    add_mailbox(ops.site.engine, "Old.Name@example.org")
    rename(ops, to="old.name", keep=True, name="old.name@example.org")
    assert unique(ops.site.engine, "mailbox", username="old.name@example.org")["username"] == "old.name@example.org"
    row = unique(ops.site.engine, "alias", address="old.name@example.org")
    assert row["address"] == row["goto"] == "old.name@example.org"
