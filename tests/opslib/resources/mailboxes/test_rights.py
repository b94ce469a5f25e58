"""What an attacker with an account tries."""

from __future__ import annotations

from typing import Any

import pytest

from opslib import passwords
from opslib.actor import Actor
from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.query import Query
from opslib.schema import metadata
from tests.opslib.resources.mailboxes.conftest import ANN, BOB, EVE
from tests.opslib.resources.support import (
    add_alias,
    add_alias_domain,
    add_mailbox,
    add_row,
    keys_of,
    mailbox_user,
    rows,
    snapshot,
)

SECRET, HASH = "Spring-2026-s3cret", "{PLAIN}s3cret-hash"


def bare(ops: Ops, *bits: str) -> Ops:
    """A domain administrator with exactly these bits."""
    return ops.acting_as(Actor(ops.actor.name, "domainadmin", frozenset(bits)))


def keys(ops: Ops, name: str = ANN, **changes: Any) -> set[str]:
    return keys_of(ops.mailboxes.edit(name, changes))


# -- ACL bits -------------------------------------------------------------------------------------------------------
BITS: dict[str, tuple[str, Any]] = {
    **{f"{protocol}_access": ("protocol_access", "0") for protocol in ("imap", "pop3", "smtp", "sieve", "eas", "dav")},
    "sogo_access": ("sogo_access", "0"),
    "relayhost": ("mailbox_relayhost", "1"),
    "rate_limit": ("ratelimit", "5/h"),
    "tls_enforce_in": ("tls_policy", "0"),
    "tls_enforce_out": ("tls_policy", "0"),
    "tagged_mail_handler": ("delimiter_action", "subject"),
    "spam_score": ("spam_score", "4,8"),
    "quarantine_notification": ("quarantine_notification", "daily"),
    "quarantine_category": ("quarantine_category", "all"),
    "extended_sender_acl": ("extend_sender_acl", "x@elsewhere.example"),
}


@pytest.mark.parametrize("name", BITS)
def test_every_bit_is_asked_for(tenant: Ops, name: str) -> None:
    add_row(tenant.site.engine, "relayhosts", id=1, hostname="relay.example", username="u", password="p", active=1)
    bit, value = BITS[name]
    others = {other for other, _ in BITS.values()} - {bit}
    assert keys(bare(tenant, *others), **{name: value}) == {"acl_needed"}
    assert keys(bare(tenant, bit), **{name: value}) == set()


@pytest.mark.parametrize("name", ["imap_access", "sogo_access", "rate_limit", "relayhost"])
def test_bits_are_asked_for_in_new_mailboxes_too(tenant: Ops, name: str) -> None:
    add_row(tenant.site.engine, "relayhosts", id=1, hostname="relay.example", username="u", password="p", active=1)
    bit, value = BITS[name]
    given = {"local_part": "carl", "domain": "example.org", "password": SECRET, name: value}
    assert keys_of(bare(tenant).mailboxes.add_many([given])) == {"acl_needed"}
    assert keys_of(bare(tenant, bit).mailboxes.add_many([given])) == set()


def test_unlimited_quota(tenant: Ops) -> None:
    given = {"local_part": "carl", "domain": "example.org", "password": SECRET, "quota": "0"}
    assert keys(tenant, quota="0") == keys_of(tenant.mailboxes.add_many([given])) == {"unlimited_quota_acl"}
    may = bare(tenant, "unlimited_quota")
    assert keys(may, quota="0") == keys_of(may.mailboxes.add_many([given])) == set()
    unlimited = add_mailbox(tenant.site.engine, "free@example.org", quota=0)
    assert keys(tenant, unlimited, full_name="Free") == set()


def test_no_right_is_given_that_the_giver_lacks(tenant: Ops) -> None:
    engine = tenant.site.engine
    assert tenant.withheld() == {"pushover"}
    with engine.begin() as connection:
        table = metadata.tables["user_acl"]
        connection.execute(table.update().where(table.c.username == ANN).values(pushover=0, syncjobs=1))
    tenant.commit(tenant.mailboxes.edit(ANN, {"acl": "pushover quarantine"}))
    (bits,) = rows(engine, "user_acl", username=ANN)
    assert bits["pushover"] == 0 and bits["quarantine"] == 1 and bits["syncjobs"] == 0
    tenant.commit(tenant.mailboxes.edit(BOB, {"acl": "quarantine"}))
    assert rows(engine, "user_acl", username=BOB)[0]["pushover"] == 1  # was on: not his to take either
    given = {"local_part": "carl", "domain": "example.org", "password": SECRET, "acl": "quarantine"}
    tenant.commit(tenant.mailboxes.add(given))
    assert rows(engine, "user_acl", username="carl@example.org")[0]["pushover"] == 1  # the template's


def test_transports_are_named_only_to_those_who_may_choose(tenant: Ops) -> None:
    add_row(tenant.site.engine, "relayhosts", id=1, hostname="relay.example", username="u", password="p", active=0)
    assert set(bare(tenant).mailboxes.choices("relayhost")) == {"0"}
    assert bare(tenant, "mailbox_relayhost").mailboxes.choices("relayhost")["1"] == "relay.example (off)"


# -- the other tenant -----------------------------------------------------------------------------------------------
def test_another_tenants_mailbox_is_not_there(tenant: Ops) -> None:
    boxes, before = tenant.mailboxes, snapshot(tenant.site.engine)
    with pytest.raises(Denied):
        boxes.get(EVE)
    with pytest.raises(Denied):
        boxes.run("rename", EVE, {"new_local_part": "x"})
    denied = {"access_denied"}
    assert keys(tenant, EVE, full_name="x") == keys_of(boxes.delete(EVE)) == keys_of(boxes.delete([ANN, EVE])) == denied
    assert keys_of(boxes.edit_rows({EVE: {"quota": "1"}}, {EVE: {"quota": 5}})) == denied
    for verb in ("reset_eas", "reset_logins"):
        assert keys_of(boxes.run(verb, [EVE])) == denied
    given = {"local_part": "x", "domain": "other.example", "password": SECRET}
    assert keys_of(boxes.add_many([given])) == keys_of(boxes.add_many([{**given, "local_part": "eve"}])) == denied
    assert keys_of(boxes.add_many([{**given, "domain": "unknown.example"}])) == denied
    assert snapshot(tenant.site.engine) == before


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(search="e"),
        Query(search="eve@other.example"),
        Query(search="%"),
        Query(search="' OR 1=1 --"),
        Query.where(domain="other.example"),
        Query.where(username__contains="other"),
        Query.where(username__in=[ANN, EVE]),
        Query.where(quota__ge="0"),
        Query.where(tags__empty=""),
        Query.where(username__starts="_ve"),
        Query.where(sort="-quota"),
        Query.where(sort="-last_login"),
    ],
)
def test_no_question_leads_to_another_tenants_rows(tenant: Ops, query: Query) -> None:
    add_row(tenant.site.engine, "tags_mailbox", tag_name="%", username=EVE)
    page = tenant.mailboxes.page(query)
    found = {*page.frame.index, *tenant.mailboxes.frame(query).index, *tenant.mailboxes.keys(query)}
    assert found <= {ANN, BOB} and page.total <= 2 and tenant.mailboxes.count(query) == page.total
    plan = tenant.mailboxes.edit(query, {"full_name": "Taken"})
    assert {o.subject for o in plan.outcomes} <= {ANN, BOB}
    assert set(tenant.mailboxes.choices("domain")) == {"example.org"}


@pytest.mark.parametrize("name", ["password", "attributes", "nonsense", "custom_attributes", "sender_acl"])
def test_hidden_columns_answer_no_question(tenant: Ops, name: str) -> None:
    with pytest.raises(UserError):
        tenant.mailboxes.page(Query.where(**{f"{name}__starts": "{"}))
    with pytest.raises(UserError):
        tenant.mailboxes.page(Query(sort=[name]), [name, "password"])


def test_an_assignment_that_ended_counts_at_once(tenant: Ops) -> None:
    plan = tenant.mailboxes.edit(ANN, {"full_name": "x"})
    with tenant.site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE domain_admins SET active = 0")
    assert tenant.mailboxes.count() == 0
    with pytest.raises(Denied):
        tenant.commit(plan)


def test_a_plan_of_another_is_not_carried_out(ops: Ops, tenant: Ops) -> None:
    with pytest.raises(Denied):
        tenant.commit(ops.mailboxes.edit(EVE, {"full_name": "x"}))
    change = ops.commit(ops.mailboxes.edit(ANN, {"full_name": "x"})).change_id
    assert change is not None
    with pytest.raises(Denied):
        tenant.undo(change)


def test_a_rename_stays_in_the_domain(ops: Ops, tenant: Ops) -> None:
    for name in ("eve@other.example", "x@other.example", "eve@other.example\n", "../other.example/eve"):
        with pytest.raises(UserError):
            tenant.mailboxes.run("rename", ANN, {"new_local_part": name})
    assert rows(ops.site.engine, "mailbox", username=ANN)


# -- sender rights --------------------------------------------------------------------------------------------------
def test_sending_as_everybody_is_an_administrators_to_give(ops: Ops, tenant: Ops) -> None:
    tenant.commit(tenant.mailboxes.edit(ANN, {"sender_acl": "* bob@example.org"}))
    assert [row["send_as"] for row in rows(ops.site.engine, "sender_acl")] == [BOB]
    ops.commit(ops.mailboxes.edit(ANN, {"sender_acl": "*"}))
    assert [row["send_as"] for row in rows(ops.site.engine, "sender_acl")] == ["*"]


def test_another_tenants_names_are_no_external_ones(tenant: Ops) -> None:
    add_alias_domain(tenant.site.engine, "other.test", "other.example")
    may = bare(tenant, "extend_sender_acl")
    for entry in ("@other.example", "x@other.example", "other.test", "OTHER.Example", "@example.net"):
        assert keys(may, extended_sender_acl=entry) == {"extra_acl_invalid_domain"}
    assert keys(may, sender_acl=EVE) == keys(may, sender_acl="@other.example") == {"sender_acl_invalid"}


# -- the owner ------------------------------------------------------------------------------------------------------
def test_the_owner_sees_himself_only(owner: Ops) -> None:
    assert list(owner.mailboxes.frame().index) == [ANN]
    assert list(owner.mailboxes.page(Query.where(username__in=[ANN, BOB])).frame.index) == [ANN]
    with pytest.raises(Denied):
        owner.mailboxes.get(BOB)
    assert owner.mailboxes.choices("domain") == {}


def test_the_owner_neither_adds_deletes_nor_renames(owner: Ops) -> None:
    for attempt in (
        lambda: owner.mailboxes.delete(ANN),
        lambda: owner.mailboxes.add({"local_part": "x", "domain": "example.org", "password": SECRET}),
        lambda: owner.mailboxes.run("rename", ANN, {"new_local_part": "x"}),
        lambda: owner.mailboxes.run("reset_logins", ANN),
    ):
        with pytest.raises(Denied):
            attempt()
    assert {verb.name for verb in owner.mailboxes.verbs} == {"reset_eas", "reset_sogo"}


def test_the_owner_changes_his_switches_and_no_limits(owner: Ops) -> None:
    mine = {"tls_enforce_in", "tls_enforce_out", "tagged_mail_handler", "spam_score", "quarantine_notification",
            "quarantine_category"}  # fmt: skip
    assert {name for name in owner.mailboxes.record.fields() if owner.mailboxes.writable(name)} == mine
    for name in sorted(mine):
        owner.commit(owner.mailboxes.edit(ANN, {name: BITS[name][1]}))
        assert keys(owner, BOB, **{name: BITS[name][1]}) == {"access_denied"}
    for name, value in (
        ("quota", "9"),
        ("acl", "pushover"),
        ("sender_acl", "*"),
        ("password", SECRET),
        ("active", "1"),
    ):
        assert keys(owner, **{name: value}) == {"field_read_only"}
    powerless = owner.acting_as(mailbox_user(ANN))
    assert keys(powerless, spam_score="1,2") == {"acl_needed"} and powerless.mailboxes.verbs == []


def test_a_role_without_name_sees_nothing(ops: Ops) -> None:
    for actor in (Actor("", "user"), Actor("%", "user"), Actor("", "domainadmin"), Actor("*", "domainadmin")):
        assert ops.acting_as(actor).mailboxes.count() == 0


# -- secrets --------------------------------------------------------------------------------------------------------
def test_hashes_are_taken_from_administrators_only(ops: Ops, tenant: Ops) -> None:
    given = {"local_part": "carl", "domain": "example.org", "password": HASH}
    for plan in (tenant.mailboxes.add_many([given]), tenant.mailboxes.edit(ANN, {"password": HASH})):
        assert keys_of(plan) == {"password_hashed_denied"}
    ops.commit(ops.mailboxes.edit(ANN, {"password": HASH}))
    assert rows(ops.site.engine, "mailbox", username=ANN)[0]["password"] == HASH


def told(ops: Ops) -> str:
    """Everything that mailops itself wrote down."""
    own = [name for name in metadata.tables if name.startswith("ops_")]
    return str([rows(ops.site.engine, name) for name in own])


def test_passwords_are_told_nowhere(ops: Ops) -> None:
    given = {"local_part": "carl", "domain": "example.org", "password": SECRET}
    for plan in (ops.mailboxes.add(given), ops.mailboxes.edit(ANN, {"password": SECRET, "full_name": "x"})):
        text = repr(plan) + plan._repr_html_() + plan.preview().to_string() + str(list(plan.sentences()))
        assert SECRET not in text + repr(plan.changes) + repr(plan.outcomes) + repr(plan.effects)
        change = ops.commit(plan).change_id
        stored = rows(ops.site.engine, "mailbox", username=plan.changes[0].subject)[0]["password"]
        assert passwords.verify(SECRET, stored) and stored not in text + told(ops) and SECRET not in told(ops)
        assert change is not None and stored not in repr(ops.undo(change))
    for name in ("password", "full_name"):
        for row in ops.mailboxes.frame().to_dict("records"):
            assert SECRET not in str(row.get(name))


def test_no_error_tells_a_password(ops: Ops) -> None:
    bad = {"password": SECRET + "\0", "local_part": "a b", "domain": "x", "nonsense": "1"}
    with pytest.raises(UserError) as caught:
        ops.mailboxes.add(bad)
    assert "s3cret" not in f"{caught.value!r} {caught.value} {caught.value.problems}"
    plan = ops.mailboxes.edit(ANN, {"password": SECRET})
    ops.commit(ops.mailboxes.edit(ANN, {"password": HASH}))
    with pytest.raises(UserError) as caught:
        ops.commit(plan)
    assert "s3cret" not in f"{caught.value!r} {caught.value} {caught.value.problems}"


def test_an_unexpected_database_error_tells_no_hash(ops: Ops) -> None:
    plan = ops.mailboxes.add({"local_part": "carl", "domain": "example.org", "password": HASH})
    add_alias(ops.site.engine, "carl@example.org", BOB)
    with pytest.raises(UserError) as caught:
        ops.commit(plan)
    cause: BaseException | None = caught.value
    while cause is not None:
        assert "s3cret" not in str(cause) and "s3cret" not in repr(cause)
        cause = cause.__cause__
