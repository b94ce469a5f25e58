from __future__ import annotations

from base64 import b64decode

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from opslib import passwords
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.resources.sogo import joined, unguessable
from tests.opslib.resources.support import (
    add_alias,
    add_alias_domain,
    add_domain,
    add_mailbox,
    add_resource,
    add_row,
    make_ops,
    rows,
)

ANN, JOHN, JOHNX, PLUS = "ann@example.org", "john.doe@example.org", "johnxdoe@example.org", "a+b@example.org"


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    add_domain(engine, "example.org")
    for name in (ANN, JOHN, JOHNX, PLUS):
        add_mailbox(engine, name)
    return make_ops(engine)


def derive(ops: Ops, *usernames: str) -> dict[str, dict[str, object]]:
    plan = Plan("mailboxes", "derive", "")
    plan.derive("sogo", *usernames)
    ops.commit(plan)
    return {row["c_uid"]: row for row in rows(ops.site.engine, "_sogo_static_view")}


def test_a_row_for_every_active_mailbox_and_resource(ops: Ops, engine: sa.Engine) -> None:
    add_mailbox(engine, "off@example.org", active=0)
    add_mailbox(engine, "receives@example.org", active=2)
    add_resource(engine, "room@example.org", kind="thing")
    add_row(
        engine, "_sogo_static_view", c_uid="gone@example.org", domain="example.org", c_name="x", mail="x", aliases=""
    )
    found = derive(ops)
    assert set(found) == {ANN, JOHN, JOHNX, PLUS, "room@example.org"}
    room = found["room@example.org"]
    assert (room["kind"], room["multiple_bookings"], room["c_cn"], room["domain"]) == (
        "thing",
        -1,
        "room",
        "example.org",
    )
    assert {room[name] for name in ("c_l", "c_o", "c_ou", "c_telephonenumber")} == {None}
    assert room["c_name"] == room["mail"] == room["c_uid"]


def test_aliases_by_exact_membership(ops: Ops, engine: sa.Engine) -> None:
    add_alias(engine, "x@example.org", JOHNX)
    add_alias(engine, "d@example.org", f"other@elsewhere.example,{JOHN.upper()}")
    add_alias(engine, "p@example.org", PLUS, JOHN)
    add_alias(engine, "@example.org", ANN)
    add_alias(engine, "off@example.org", ANN, active=0)
    add_alias(engine, "hidden@example.org", ANN, sogo_visible=0)
    found = derive(ops)
    assert {name: row["aliases"] for name, row in found.items()} == {
        ANN: "",
        JOHN: "d@example.org p@example.org",
        JOHNX: "x@example.org",
        PLUS: "p@example.org",
    }


def test_alias_domains_and_external_senders(ops: Ops, engine: sa.Engine) -> None:
    add_alias_domain(engine, "example.net", "example.org")
    add_alias_domain(engine, "example.com", "example.org", active=0)
    for entry, external in (("me@elsewhere.example", 1), ("@elsewhere.example", 1), ("info@example.org", 0)):
        add_row(engine, "sender_acl", logged_in_as=ANN, send_as=entry, external=external)
    ann = derive(ops)[ANN]
    assert (ann["ad_aliases"], ann["ext_acl"]) == ("ann@example.com ann@example.net", "me@elsewhere.example")


def test_only_those_asked_for_are_rewritten(ops: Ops, engine: sa.Engine) -> None:
    before = derive(ops)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE mailbox SET name = 'New name'"))
    after = derive(ops, ANN.upper())
    assert {name: row["c_cn"] for name, row in after.items() if row["c_cn"] == "New name"} == {ANN: "New name"}
    assert {n: r["c_password"] for n, r in after.items()} == {n: r["c_password"] for n, r in before.items()}


def test_passwords_are_random_and_unknown(ops: Ops) -> None:
    stored = [row["c_password"] for row in derive(ops).values()]
    assert len(set(stored)) == len(stored)
    for value in stored:
        assert passwords.scheme_of(str(value)) == "SSHA256"
        assert len(b64decode(str(value).partition("}")[2])) == 32 + 16
        assert not passwords.verify("", str(value))
    assert unguessable() != unguessable()


def test_a_mailbox_that_is_switched_off_leaves(ops: Ops, engine: sa.Engine) -> None:
    derive(ops)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE mailbox SET active = 2 WHERE username = :name"), {"name": ANN})
    assert ANN not in derive(ops, ANN)


def test_too_long_lists_end_at_an_address(ops: Ops, engine: sa.Engine) -> None:
    for n in range(400):
        add_row(engine, "sender_acl", logged_in_as=ANN, send_as=f"somebody{n:03}@elsewhere.example", external=1)
    found = str(derive(ops, ANN)[ANN]["ext_acl"])
    assert 6144 - 30 < len(found) <= 6144
    assert found.split(" ")[-1].startswith("somebody") and found.endswith("@elsewhere.example")


@given(st.lists(st.text("abü@", min_size=1, max_size=9), max_size=20), st.integers(1, 60))
def test_joined_is_the_longest_whole_prefix(items: list[str], longest: int) -> None:
    text = joined(items, longest)
    assert len(text.encode()) <= longest
    kept = text.split(" ") if text else []
    assert kept == items[: len(kept)]
    if len(kept) < len(items):
        assert len(" ".join(items[: len(kept) + 1]).encode()) > longest


def test_a_site_without_sogo_has_no_rows(engine: sa.Engine) -> None:
    ops = make_ops(engine)
    ops.site.sogo = False
    add_domain(engine, "example.org")
    add_mailbox(engine, ANN)
    ops.commit(ops.aliases.add({"address": "info@example.org", "goto": ANN}))
    assert rows(engine, "_sogo_static_view") == []
