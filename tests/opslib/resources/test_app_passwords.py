from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from opslib import passwords
from opslib.errors import UserError
from opslib.ops import Ops
from opslib.query import Query
from tests.opslib.resources.support import (
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
PROTOCOLS = ("imap_access", "smtp_access", "dav_access", "eas_access", "pop3_access", "sieve_access")


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    add_domain(engine, "example.org")
    add_domain(engine, "other.example")
    for name in (ANN, BOB, EVE):
        add_mailbox(engine, name)
    found = make_ops(engine)
    found.site.password_scheme = "SSHA256"
    return found


@pytest.fixture
def ann(ops: Ops) -> Ops:
    return ops.acting_as(mailbox_user(ANN, "app_passwds"))


@pytest.fixture
def tenant(ops: Ops) -> Ops:
    return ops.acting_as(domain_admin(ops.site.engine, "dora", "example.org", bits=["app_passwds"]))


def add(engine: sa.Engine, mailbox: str, name: str = "phone") -> int:
    domain = mailbox.partition("@")[2]
    return int(add_row(engine, "app_passwd", mailbox=mailbox, name=name, domain=domain, password="{SSHA256}x"))


def key_of(raising: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        raising()
    return caught.value.key


def text_of(ops: Ops) -> str:
    """Everything mailops itself keeps about changes."""
    engine = ops.site.engine
    return str([rows(engine, name) for name in ("ops_change", "ops_change_row", "ops_outbox")])


# -- add ------------------------------------------------------------------------------------------------------------
def test_one_is_made_and_shown_once(ann: Ops) -> None:
    engine = ann.site.engine
    before = snapshot(engine)
    plan = ann.app_passwords.add({"app_name": "phone", "protocols": "imap_access smtp_access"})
    (secret,) = plan.generated.values()
    assert secret not in repr(plan)
    result = ann.commit(plan)
    assert list(result.generated.values()) == [secret]
    (row,) = rows(engine, "app_passwd")
    assert passwords.verify(secret, row["password"])
    assert (row["mailbox"], row["domain"], row["name"], row["active"]) == (ANN, "example.org", "phone", 1)
    assert {n for n in PROTOCOLS if row[n]} == {"imap_access", "smtp_access"}
    assert secret not in text_of(ann) and row["password"] not in text_of(ann)
    assert [o.key for o in result.outcomes] == ["app_passwd_added"]
    ann.commit(ann.undo(result.change_id))
    assert snapshot(engine) == before


def test_a_chosen_one(ops: Ops) -> None:
    plan = ops.app_passwords.add(
        {"mailbox": BOB, "app_name": "<b>'phone'</b>", "password": "Correct-horse-1", "active": 0}
    )
    assert plan.generated == {}
    ops.commit(plan)
    (row,) = rows(ops.site.engine, "app_passwd")
    assert passwords.verify("Correct-horse-1", row["password"])
    assert (row["name"], row["active"], row["domain"]) == ("<b>'phone'</b>", 0, "example.org")
    assert "Correct-horse-1" not in text_of(ops)


@pytest.mark.parametrize(
    ("values", "key", "field"),
    [
        ({"app_name": ""}, "app_name_empty", "app_name"),
        ({"app_name": " "}, "app_name_empty", "app_name"),
        ({"mailbox": ""}, "access_denied", "mailbox"),
        ({"mailbox": "nobody@example.org"}, "access_denied", "mailbox"),
        ({"mailbox": "room@example.org"}, "access_denied", "mailbox"),
        ({"password": "short"}, "password_complexity", "password"),
        ({"protocols": "telnet_access"}, "value_not_choice", "protocols"),
        ({"domain": "other.example"}, "field_read_only", "domain"),
        ({"id": 1}, "field_read_only", "id"),
    ],
)
def test_rules_for_new_ones(ops: Ops, values: dict[str, Any], key: str, field: str) -> None:
    add_resource(ops.site.engine, "room@example.org")
    plan = ops.app_passwords.add_many([{"mailbox": ANN, "app_name": "phone", **values}])
    assert [(o.key, o.field) for o in plan.refused] == [(key, field)]
    assert "short" not in str(plan.outcomes)


def test_the_policy_of_the_site_holds(ops: Ops) -> None:
    ops.site.keyvalue.hset("PASSWD_POLICY", {"length": "20", "numbers": "1"})
    values = {"mailbox": ANN, "app_name": "phone"}
    assert (
        key_of(lambda: ops.app_passwords.add({**values, "password": "long-enough-but-for-1"[:19]}))
        == "password_complexity"
    )
    plan = ops.app_passwords.add(values)
    assert len(next(iter(plan.generated.values()))) >= 20


def test_only_an_administrator_may_bring_hashes(ops: Ops, ann: Ops) -> None:
    stored = passwords.make("secret-of-old", "SSHA512")
    ops.commit(ops.app_passwords.add({"mailbox": ANN, "app_name": "moved", "password": stored}))
    assert rows(ops.site.engine, "app_passwd")[0]["password"] == stored
    for text in (stored, "{PLAIN}weak-but-long"):
        assert (
            key_of(lambda text=text: ann.app_passwords.add({"app_name": "x", "password": text}))
            == "password_hashed_denied"
        )


def test_many_at_once(ops: Ops) -> None:
    rows_given = [{"mailbox": box, "app_name": f"phone {n}"} for box in (ANN, BOB) for n in range(5)]
    plan = ops.app_passwords.add_many(rows_given)
    assert len(set(plan.generated.values())) == 10
    ops.commit(plan)
    assert len(rows(ops.site.engine, "app_passwd")) == 10
    assert keys_of(ops.app_passwords.add_many(rows_given[:1] * 2)) == {"object_exists"}


# -- reading --------------------------------------------------------------------------------------------------------
def test_the_hash_is_never_shown(ops: Ops) -> None:
    key = add(ops.site.engine, ANN)
    frame = ops.app_passwords.frame()
    assert "password" not in frame.columns and "password" not in ops.app_passwords.get(key)
    assert frame.loc[key, "protocols"] == PROTOCOLS
    for query in (Query.from_url("password=contains:SSHA"), Query.from_url("sort=password")):
        assert key_of(lambda query=query: ops.app_passwords.frame(query)) in {"filter_unknown", "field_unknown"}
    assert key_of(lambda: ops.app_passwords.frame(names=["password"])) == "field_unknown"
    assert len(ops.app_passwords.frame(Query.where(protocols="sieve_access"))) == 1


# -- edit, delete ---------------------------------------------------------------------------------------------------
def test_changing(ops: Ops) -> None:
    engine = ops.site.engine
    keys = [add(engine, ANN), add(engine, BOB)]
    before = snapshot(engine)
    plan = ops.app_passwords.edit(keys, {"app_name": "laptop", "active": 0, "protocols": ["dav_access"]})
    result = ops.commit(plan)
    for row in rows(engine, "app_passwd"):
        assert (row["name"], row["active"], {n for n in PROTOCOLS if row[n]}) == ("laptop", 0, {"dav_access"})
    assert [e.args["user"] for e in plan.effects if e.verb == "flush_auth_cache"] == [ANN, BOB]
    ops.commit(ops.undo(result.change_id))
    assert snapshot(engine) == before
    assert keys_of(ops.app_passwords.edit(keys[0], {"mailbox": BOB})) == {"field_read_only"}
    assert keys_of(ops.app_passwords.edit(keys[0], {"app_name": ""})) == {"app_name_empty"}
    assert keys_of(ops.app_passwords.edit(keys[0], {"password": "short"})) == {"password_complexity"}
    assert keys_of(ops.app_passwords.edit(999, {"active": 0})) == {"access_denied"}


def test_a_new_password(ann: Ops) -> None:
    key = add(ann.site.engine, ANN)
    plan = ann.app_passwords.run("renew", key)
    (secret,) = plan.generated.values()
    ann.commit(plan)
    (row,) = rows(ann.site.engine, "app_passwd")
    assert passwords.verify(secret, row["password"])
    assert secret not in text_of(ann) and row["password"] not in text_of(ann)


def test_an_admin_edit_leaves_the_owner_alone(ops: Ops) -> None:
    key = add(ops.site.engine, ANN)
    ops.commit(ops.app_passwords.edit(key, {"password": "Correct-horse-1"}))
    (row,) = rows(ops.site.engine, "app_passwd")
    assert (row["mailbox"], row["domain"]) == (ANN, "example.org")
    assert passwords.verify("Correct-horse-1", row["password"])


def test_deleting(ops: Ops) -> None:
    engine = ops.site.engine
    key = add(engine, ANN)
    plan = ops.app_passwords.delete(key)
    result = ops.commit(plan)
    assert rows(engine, "app_passwd") == []
    assert [o.key for o in result.outcomes] == ["app_passwd_removed"]
    back = ops.undo(result.change_id)
    assert "secret_not_restored" in {w.key for w in back.warnings}
    ops.commit(back)
    (row,) = rows(engine, "app_passwd")
    assert (row["id"], row["name"], row["mailbox"]) == (key, "phone", ANN)
    assert not passwords.verify("x", row["password"])


# -- rights ---------------------------------------------------------------------------------------------------------
def test_a_user_has_his_own_only(ann: Ops) -> None:
    engine = ann.site.engine
    mine, theirs = add(engine, ANN), add(engine, BOB)
    for query in (Query(), Query(search="bob"), Query.where(mailbox=BOB), Query.where(id=theirs)):
        assert theirs not in ann.app_passwords.frame(query).index
    assert list(ann.app_passwords.frame().index) == [mine]
    for plan in (
        ann.app_passwords.delete(theirs),
        ann.app_passwords.edit(theirs, {"active": 0}),
        ann.app_passwords.run("renew", theirs),
        ann.app_passwords.add_many([{"mailbox": BOB, "app_name": "x"}]),
    ):
        assert keys_of(plan) == {"access_denied"} and plan.empty
        assert plan.generated == {}
    ann.commit(ann.app_passwords.delete(mine))


@pytest.mark.parametrize("who", ["user", "tenant"])
def test_the_right_is_needed(ops: Ops, who: str) -> None:
    engine = ops.site.engine
    mine = add(engine, ANN)
    actor = mailbox_user(ANN) if who == "user" else domain_admin(engine, "dora", "example.org")
    plain = ops.acting_as(actor).app_passwords
    assert len(plain.frame()) == 0
    assert plain.verbs == []
    for attempt in (
        lambda: plain.add({"mailbox": ANN, "app_name": "x"}),
        lambda: plain.delete(mine),
        lambda: plain.edit(mine, {"active": 0}),
        lambda: plain.run("renew", mine),
    ):
        assert key_of(attempt) == "access_denied"


def test_a_domain_administrator_has_his_own_only(tenant: Ops) -> None:
    engine = tenant.site.engine
    mine, theirs = add(engine, BOB), add(engine, EVE)
    assert list(tenant.app_passwords.frame().index) == [mine]
    for plan in (
        tenant.app_passwords.delete(theirs),
        tenant.app_passwords.edit(theirs, {"password": "Correct-horse-1"}),
        tenant.app_passwords.run("renew", theirs),
        tenant.app_passwords.add_many([{"mailbox": EVE, "app_name": "x"}]),
    ):
        assert keys_of(plan) == {"access_denied"} and plan.empty
    tenant.commit(tenant.app_passwords.run("renew", mine))
