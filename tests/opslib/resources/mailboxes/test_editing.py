from __future__ import annotations

from typing import Any

import pytest

from opslib import passwords
from opslib.errors import Conflict, UserError
from opslib.ops import Ops
from opslib.query import Query
from opslib.schema import user_acl
from tests.opslib.resources.mailboxes.conftest import ANN, BOB, EVE
from tests.opslib.resources.support import (
    MIB,
    add_domain,
    add_mailbox,
    add_row,
    hashes,
    keys_of,
    rows,
    snapshot,
)


def box(ops: Ops, name: str = ANN) -> dict[str, Any]:
    (found,) = rows(ops.site.engine, "mailbox", username=name)
    return found


def edit(ops: Ops, name: str = ANN, **changes: Any) -> int:
    change = ops.commit(ops.mailboxes.edit(name, changes)).change_id
    assert change is not None
    return change


def keys(ops: Ops, name: str = ANN, **changes: Any) -> set[str]:
    return keys_of(ops.mailboxes.edit(name, changes))


def effects(ops: Ops, **changes: Any) -> list[str]:
    return [effect.verb for effect in ops.mailboxes.edit(ANN, changes).effects]


# -- every field and its way back -----------------------------------------------------------------------------------
EVERYTHING: dict[str, Any] = {
    "full_name": "Ann <O'Neil> & Co",
    "quota": "2 GiB",
    "active": "receives only",
    "tags": "a tag, b",
    "force_pw_update": "1",
    "force_tfa": "1",
    **{f"{name}_access": "0" for name in ("imap", "pop3", "smtp", "sieve", "eas", "dav", "sogo")},
    "tls_enforce_in": "0",
    "tls_enforce_out": "0",
    "relayhost": "1",
    "rate_limit": "7/d",
    "tagged_mail_handler": "subfolder",
    "spam_score": "4.5, 9",
    "quarantine_notification": "weekly",
    "quarantine_category": "all",
    "recovery_email": "ann@elsewhere.example",
    "acl": "pushover quarantine",
    "sender_acl": "bob@example.org",
    "extended_sender_acl": "@elsewhere.example",
    "custom_attributes": '{"job title": "Head, \\"R&D\\""}',
}


def test_every_field_is_stored_and_an_undo_restores_it(ops: Ops) -> None:
    engine = ops.site.engine
    add_row(engine, "relayhosts", id=1, hostname="relay.example", username="u", password="p", active=1)
    add_row(engine, "tags_mailbox", tag_name="old", username=ANN)
    before = snapshot(engine, ("modified", "id", "prefid"))
    change = edit(ops, **EVERYTHING)
    row, attributes = box(ops), box(ops)["attributes"]
    assert (row["name"], row["quota"], row["active"]) == ("Ann <O'Neil> & Co", 2048 * MIB, 2)
    on = ("force_pw_update", "force_tfa", "relayhost")
    assert {attributes[name] for name in on} == {"1"} and attributes["mailbox_format"] == "maildir:"
    assert {value for name, value in attributes.items() if name.endswith("_access") or name.startswith("tls")} == {"0"}
    assert all(isinstance(value, str) for value in attributes.values())
    assert attributes["recovery_email"] == "ann@elsewhere.example" and attributes["quarantine_category"] == "all"
    assert row["custom_attributes"] == {"jobtitle": 'Head, "R&D"'}
    assert [tag["tag_name"] for tag in rows(engine, "tags_mailbox", username=ANN)] == ["a tag", "b"]
    assert [row["value"] for row in rows(engine, "filterconf", object=ANN)] == ["9", "4.5"]
    bits = rows(engine, "user_acl", username=ANN)[0]
    assert {name for name, value in bits.items() if value == 1} == {"pushover", "quarantine"}
    assert hashes(ops, "RL_VALUE", "RCPT_WANTS_SUBFOLDER_TAG") == {
        "RL_VALUE": {ANN: "7 / 1d"},
        "RCPT_WANTS_SUBFOLDER_TAG": {ANN: "1"},
    }
    shown = ops.mailboxes.get(ANN)
    assert shown["spam_score"] == "4.5,9" and shown["acl"] == ("pushover", "quarantine") and shown["relayhost"] == "1"
    ops.commit(ops.undo(change))
    after = snapshot(engine, ("modified", "id", "prefid"))
    assert {name for name in after if after[name] != before[name]} <= {"_sogo_static_view", "mailbox"}
    kept = {name: value for name, value in box(ops)["attributes"].items() if value is not None}
    assert kept == next(r["attributes"] for r in before["mailbox"] if r["username"] == ANN)
    assert not any(hashes(ops, "RL_VALUE", "RCPT_WANTS_SUBFOLDER_TAG").values())


def test_absent_inputs_keep_their_values_and_equal_ones_change_nothing(ops: Ops) -> None:
    before = snapshot(ops.site.engine)
    seen = ops.mailboxes.get(ANN)
    same = {name: seen[name] for name in ("full_name", "quota", "active", "imap_access", "acl", "tags", "rate_limit")}
    assert ops.commit(ops.mailboxes.edit(ANN, same)).change_id is None
    assert snapshot(ops.site.engine) == before


@pytest.mark.parametrize("name", ["quota", "active", "authsource", "quarantine_notification", "quarantine_category"])
def test_what_cannot_be_empty(ops: Ops, name: str) -> None:
    assert keys(ops, **{name: ""}) <= {"field_needed", "value_not_choice"} and (
        keys(ops, **{name: ""}) or name == "active"
    )
    assert box(ops)["quota"] == 100 * MIB


def test_an_empty_transport_is_the_domains_and_an_empty_name_the_local_part(ops: Ops) -> None:
    add_row(ops.site.engine, "relayhosts", id=1, hostname="relay.example", username="u", password="p", active=0)
    edit(ops, relayhost="1", full_name="Other")
    edit(ops, relayhost="", full_name="")
    assert box(ops)["attributes"]["relayhost"] == "0" and box(ops)["name"] == "ann"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"relayhost": "77"}, "relayhost_invalid"),
        ({"authsource": "ldap"}, "value_not_choice"),
        ({"spam_score": "5"}, "spam_score_invalid"),
        ({"spam_score": "nan,inf"}, "spam_score_invalid"),
        ({"spam_score": "0,5"}, "spam_score_invalid"),
        ({"spam_score": "6,6"}, "spam_score_invalid"),
        ({"quarantine_category": "none"}, "value_not_choice"),
        ({"quarantine_notification": "yearly"}, "value_not_choice"),
        ({"tagged_mail_handler": "x"}, "value_not_choice"),
        ({"recovery_email": "nobody"}, "value_invalid"),
        ({"rate_limit": "5/w"}, "rl_timeframe"),
        ({"active": "3"}, "value_not_choice"),
        ({"username": "x@example.org"}, "field_read_only"),
        ({"domain": "other.example"}, "field_read_only"),
        ({"custom_attributes": "[1]"}, "value_invalid"),
        ({"custom_attributes": {" ": "x"}}, "custom_attribute_invalid"),
        ({"custom_attributes": {"a b": "x", "ab": "y"}}, "custom_attribute_invalid"),
        ({"custom_attributes": {"a": "\ud800"}}, "custom_attribute_invalid"),
        ({"custom_attributes": {"a": "\0"}}, "custom_attribute_invalid"),
        ({"full_name": "a\0b"}, "value_control_characters"),
        ({"full_name": "\udc00"}, "value_control_characters"),
        ({"full_name": "x" * 300}, "value_too_long"),
        ({"sender_acl": "nonsense entry"}, "sender_acl_invalid"),
        ({"extended_sender_acl": "@other.example"}, "extra_acl_invalid_domain"),
    ],
)
def test_values_are_judged(ops: Ops, changes: dict[str, Any], key: str) -> None:
    before = snapshot(ops.site.engine)
    assert keys(ops, **changes) == {key}
    assert snapshot(ops.site.engine) == before


# -- what follows from what -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("word", "value"), [("off", 0), ("receives only", 2)])
def test_the_state_is_mirrored_and_leaves_sogo(ops: Ops, word: str, value: int) -> None:
    edit(ops, full_name="Ann")
    assert rows(ops.site.engine, "_sogo_static_view", c_uid=ANN)
    change = edit(ops, active=word)
    assert rows(ops.site.engine, "alias", address=ANN)[0]["active"] == box(ops)["active"] == value
    assert not rows(ops.site.engine, "_sogo_static_view", c_uid=ANN)
    ops.commit(ops.undo(change))
    assert rows(ops.site.engine, "alias", address=ANN)[0]["active"] == 1
    assert rows(ops.site.engine, "_sogo_static_view", c_uid=ANN)


def test_effects_come_only_where_they_are_needed(ops: Ops) -> None:
    assert effects(ops, spam_score="3,6") == effects(ops, tls_enforce_in="0") == effects(ops, tags="x") == []
    assert effects(ops, full_name="x") == ["flush_memcached"]
    assert effects(ops, active="off") == ["flush_memcached", "flush_auth_cache"]
    assert effects(ops, imap_access="0") == effects(ops, password="Spring-2026") == ["flush_auth_cache"]
    assert effects(ops, quota="2 GiB") == ["flush_auth_cache"]


def test_one_flush_stands_for_many_mailboxes(ops: Ops) -> None:
    for number in range(51):
        add_mailbox(ops.site.engine, f"u{number}@example.org")
    plan = ops.mailboxes.edit(ops.every(), {"imap_access": "0"})
    assert [(e.verb, e.args) for e in plan.effects] == [("flush_auth_cache", {})]
    assert not ops.commit(plan).waiting
    assert ops.site.host.log()[0]["verb"] == "flush_auth_cache"


def test_the_handler_leaves_no_second_mark(ops: Ops) -> None:
    for key in ("RCPT_WANTS_SUBJECT_TAG", "RCPT_WANTS_SUBFOLDER_TAG"):
        ops.site.keyvalue.hset(key, {ANN: "1"})
    assert ops.mailboxes.get(ANN)["tagged_mail_handler"] == "subject"
    change = edit(ops, tagged_mail_handler="none")
    assert not any(hashes(ops, "RCPT_WANTS_SUBJECT_TAG", "RCPT_WANTS_SUBFOLDER_TAG").values())
    ops.commit(ops.undo(change))
    assert all(hashes(ops, "RCPT_WANTS_SUBJECT_TAG", "RCPT_WANTS_SUBFOLDER_TAG").values())


def test_the_providers_fingerprint_is_taken_back(ops: Ops) -> None:
    add_mailbox(
        ops.site.engine, "idp@example.org", attributes={"attribute_hash": "f" * 40, "mailbox_format": "maildir:"}
    )
    edit(ops, "idp@example.org", quota="1")
    assert box(ops, "idp@example.org")["attributes"]["attribute_hash"] == ""


def test_attributes_that_are_null_or_lack_keys(ops: Ops) -> None:
    add_mailbox(ops.site.engine, "old@example.org", attributes=None, authsource=None)
    shown = ops.mailboxes.get("old@example.org")
    assert (
        shown["imap_access"] and shown["tls_enforce_in"] and not shown["force_tfa"] and shown["authsource"] == "mailcow"
    )
    edit(ops, "old@example.org", imap_access="0")
    assert box(ops, "old@example.org")["attributes"]["imap_access"] == "0"


def test_lone_score_rows_count_as_none_and_go(ops: Ops) -> None:
    add_row(ops.site.engine, "filterconf", object=ANN, option="lowspamlevel", value="5")
    assert ops.mailboxes.get(ANN)["spam_score"] == ""
    edit(ops, spam_score="4,8")
    assert len(rows(ops.site.engine, "filterconf", object=ANN)) == 2
    edit(ops, spam_score="")
    assert not rows(ops.site.engine, "filterconf", object=ANN)


def test_a_missing_row_of_rights_is_made(ops: Ops) -> None:
    with ops.site.engine.begin() as connection:
        connection.execute(user_acl.delete().where(user_acl.c.username == ANN))
    edit(ops, acl="pushover")
    assert rows(ops.site.engine, "user_acl", username=ANN)[0]["pushover"] == 1


# -- passwords and where they are -----------------------------------------------------------------------------------
def test_a_new_password(ops: Ops) -> None:
    edit(ops, password="Spring-2026")
    assert passwords.verify("Spring-2026", box(ops)["password"])
    assert box(ops)["attributes"]["passwd_update"] == "2026-03-01 12:00:00"
    assert keys(ops, password="x") == {"password_complexity"}
    assert ops.mailboxes.get(ANN)["last_password_change"].isoformat() == "2026-03-01T12:00:00+00:00"


def test_an_undo_does_not_bring_an_old_password_back(ops: Ops) -> None:
    plan = ops.undo(edit(ops, password="Spring-2026", full_name="New"))
    assert [w.key for w in plan.warnings] == ["secret_not_restored"]
    ops.commit(plan)
    assert passwords.verify("Spring-2026", box(ops)["password"]) and box(ops)["name"] == "ann"


@pytest.fixture
def provider(ops: Ops) -> Ops:
    add_row(ops.site.engine, "identity_provider", key="authsource", value="ldap")
    return ops


def test_external_sign_ins_have_no_password_here(provider: Ops) -> None:
    edit(provider, force_pw_update="1")
    edit(provider, authsource="ldap")
    assert box(provider)["authsource"] == "ldap" and box(provider)["attributes"]["force_pw_update"] == "0"
    for name, value in (("password", "Spring-2026"), ("recovery_email", "a@b.example"), ("force_pw_update", "1")):
        assert keys(provider, **{name: value}) == {"field_read_only"}


def test_the_way_back_takes_the_new_password(provider: Ops) -> None:
    add_mailbox(provider.site.engine, "ldap@example.org", authsource="ldap", password="")
    plan = provider.mailboxes.edit("ldap@example.org", {"authsource": "mailcow"})
    assert [w.key for w in plan.warnings] == ["password_missing"]
    edit(provider, "ldap@example.org", authsource="mailcow", password="Spring-2026")
    assert passwords.verify("Spring-2026", box(provider, "ldap@example.org")["password"])


# -- quotas ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("quota", "key"),
    [("2048", None), ("2049", "mailbox_quota_exceeded"), ("0", None), ("3 GiB", "mailbox_quota_exceeded")],
)
def test_the_limit_of_one_mailbox(ops: Ops, quota: str, key: str | None) -> None:
    assert keys(ops, quota=quota) == ({key} if key else set())


def test_the_limit_of_the_domain_counts_the_others_only(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", quota=1000, maxquota=1000)
    for name in "ab":
        add_mailbox(ops.site.engine, f"{name}@small.example", quota=400 * MIB)
    assert keys(ops, "a@small.example", quota="600") == set()
    refused = ops.mailboxes.edit("a@small.example", {"quota": "601"}).refused
    assert [(o.key, o.args) for o in refused] == [("mailbox_quota_left_exceeded", (600,))]
    both = {"a@small.example": {"quota": "900"}, "b@small.example": {"quota": "100"}}
    assert ops.commit(ops.mailboxes.edit_rows(both)).count == 2


def test_an_over_committed_domain_can_be_worked_on(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", quota=1000, maxquota=1000)
    for name in "abc":
        add_mailbox(ops.site.engine, f"{name}@small.example", quota=500 * MIB)
    edit(ops, "a@small.example", full_name="Fine", quota="450")
    assert keys(ops, "a@small.example", quota="451") == {"mailbox_quota_left_exceeded"}
    edit(ops, "a@small.example", active="off")


def test_a_limit_for_an_unlimited_mailbox_is_judged_like_a_raise(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", quota=1000, maxquota=1000)
    add_mailbox(ops.site.engine, "a@small.example", quota=0)
    add_mailbox(ops.site.engine, "b@small.example", quota=900 * MIB)
    assert keys(ops, "a@small.example", quota="101") == {"mailbox_quota_left_exceeded"}


def test_two_raises_at_once_do_not_both_fit(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", quota=1000, maxquota=1000)
    for name in "ab":
        add_mailbox(ops.site.engine, f"{name}@small.example", quota=400 * MIB)
    one, other = (ops.mailboxes.edit(f"{name}@small.example", {"quota": "600"}) for name in "ab")
    ops.commit(one)
    with pytest.raises(UserError) as caught:
        ops.commit(other)
    assert caught.value.key == "mailbox_quota_left_exceeded" and box(ops, "b@small.example")["quota"] == 400 * MIB


def test_an_undo_may_not_overfill_the_domain(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", quota=1000, maxquota=1000)
    for name in "ab":
        add_mailbox(ops.site.engine, f"{name}@small.example", quota=500 * MIB)
    change = edit(ops, "a@small.example", quota="100")
    edit(ops, "b@small.example", quota="900")
    with pytest.raises(UserError):
        ops.commit(ops.undo(change))


# -- many, and meanwhile --------------------------------------------------------------------------------------------
def test_a_bulk_edit_is_one_plan(ops: Ops) -> None:
    plan = ops.mailboxes.edit(Query.where(domain="example.org"), {"quota": "5", "tags": "x"})
    assert plan.count == 2 and {change.subject for change in plan.changes} == {ANN, BOB}
    ops.commit(plan)
    assert box(ops, BOB)["quota"] == 5 * MIB and box(ops, EVE)["quota"] == 100 * MIB


def test_good_rows_go_on_without_the_bad(ops: Ops) -> None:
    plan = ops.mailboxes.edit_rows({ANN: {"quota": "4000"}, BOB: {"quota": "5"}, "nobody@example.org": {"quota": "1"}})
    assert keys_of(plan) == {"mailbox_quota_exceeded", "access_denied"}
    with pytest.raises(UserError):
        ops.commit(plan)
    ops.commit(plan, partial=True)
    assert box(ops, BOB)["quota"] == 5 * MIB and box(ops)["quota"] == 100 * MIB


def test_a_row_that_moved_on_is_a_conflict(ops: Ops) -> None:
    edit(ops, full_name="Theirs")
    plan = ops.mailboxes.edit_rows({ANN: {"full_name": "Mine"}}, {ANN: {"full_name": "ann"}})
    assert keys_of(plan) == {"row_changed"}
    plan = ops.mailboxes.edit(ANN, {"full_name": "Mine"})
    edit(ops, full_name="Theirs again")
    with pytest.raises(Conflict, match="Theirs again"):
        ops.commit(plan)
    assert box(ops)["name"] == "Theirs again"
