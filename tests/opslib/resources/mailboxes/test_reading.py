from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import sqlalchemy as sa

from opslib.fields import choices_of
from opslib.ops import Ops
from opslib.query import Query
from opslib.schema import quota2
from opslib.site import Site
from tests.opslib.resources.mailboxes.conftest import ANN, BOB, EVE
from tests.opslib.resources.mailboxes.test_deleting import put
from tests.opslib.resources.support import MIB, NOW, add_alias, add_mailbox, add_resource, add_row, keys_of, rows


def login(engine: sa.Engine, name: str, service: str, when: datetime) -> None:
    add_row(engine, "sasl_log", service=service, username=name, real_rip=f"{when:%d.%H.%M.%S}", datetime=when)


def order(ops: Ops, *sort: str) -> list[str]:
    return list(ops.mailboxes.page(Query(sort=list(sort))).frame.index)


def found(ops: Ops, **where: Any) -> set[str]:
    return set(ops.mailboxes.page(Query.where(**where)).frame.index)


def test_usage_and_its_share(ops: Ops) -> None:
    engine = ops.site.engine
    add_mailbox(engine, "half@example.org", quota=100 * MIB, used=50 * MIB)
    add_mailbox(engine, "free@example.org", quota=0, used=MIB)
    with engine.begin() as connection:
        connection.execute(quota2.delete().where(quota2.c.username == BOB))
    frame = ops.mailboxes.frame()
    assert frame.loc["half@example.org", "percent_in_use"] == 50.0 and frame.loc[ANN, "percent_in_use"] == 0.0
    assert pd.isna(frame.loc["free@example.org", "percent_in_use"])
    assert frame.loc[BOB, "quota_used"] == frame.loc[BOB, "messages"] == 0
    assert frame.loc["half@example.org", "messages"] == 50 * MIB // 1000
    assert order(ops, "-percent_in_use")[0] == order(ops, "-quota_used")[0] == "half@example.org"
    assert found(ops, percent_in_use__ge="50") == {"half@example.org"}


def test_sign_ins_in_utc(ops: Ops) -> None:
    engine, site = ops.site.engine, ops.site
    login(engine, ANN, "imap", datetime(2026, 7, 1, 10))
    login(engine, ANN, "smtp", datetime(2026, 7, 1, 12))
    login(engine, ANN, "SSO", datetime(2026, 7, 2, 9))
    login(engine, BOB, "sieve", datetime(2026, 7, 1, 12))
    berlin = Ops(Site(engine, site.keyvalue, site.host, zone=ZoneInfo("Europe/Berlin"), clock=site.clock), ops.actor)
    for here, hour in ((ops, 12), (berlin, 10)):
        frame = here.mailboxes.frame()
        assert str(frame["last_login"].dtype) == "datetime64[us, UTC]"
        assert frame.loc[ANN, "last_login"] == pd.Timestamp(2026, 7, 1, hour, tz="UTC")
        assert pd.isna(frame.loc[BOB, "last_login"])
        assert found(here, last_login__ge=f"2026-07-01T{hour}:00:00Z") == {ANN}
        assert found(here, last_login__ge=f"2026-07-01T{hour}:00:01Z") == set()
    assert ops.mailboxes.get(ANN)["last_sso_login"] == datetime(2026, 7, 2, 9, tzinfo=UTC)
    assert order(ops, "-last_login")[0] == ANN and found(ops, last_login__empty="") == {BOB, EVE}


def test_when_the_password_was_set(ops: Ops) -> None:
    add_mailbox(ops.site.engine, "x@example.org", attributes={"passwd_update": "2026-01-02 03:04:05"})
    assert ops.mailboxes.get("x@example.org")["last_password_change"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert ops.mailboxes.get(ANN)["last_password_change"] is None
    assert found(ops, last_password_change__ge="2026-01-01") == {"x@example.org"}
    assert found(ops, last_password_change__empty="") == {ANN, BOB, EVE}


def test_aliases_by_exact_membership(ops: Ops) -> None:
    engine = ops.site.engine
    for address, *goto in (("a", ANN), ("b", BOB, ANN), ("c", "jo" + ANN), ("d", "Ann@Example.ORG")):
        add_alias(engine, f"{address}@example.org", *goto)
    soon = int((NOW + timedelta(hours=1)).timestamp())
    for number, validity in enumerate((soon, 1)):
        put(engine, "spamalias", address=f"t{number}@example.org", goto=ANN, validity=validity)
    row = ops.mailboxes.get(ANN)
    assert row["aliases"] == 3 and row["temporary_aliases"] == 1
    assert ops.mailboxes.frame(names=["aliases"])["aliases"].to_dict() == {ANN: 3, BOB: 1, EVE: 0}
    assert order(ops, "-aliases") == [ANN, BOB, EVE] and found(ops, aliases__ge="2") == {ANN}


def test_tags_are_searched_and_filtered(ops: Ops) -> None:
    for name, tag in ((ANN, "Sales 50%"), (ANN, "x"), (BOB, "sales")):
        add_row(ops.site.engine, "tags_mailbox", tag_name=tag, username=name)
    assert ops.mailboxes.get(ANN)["tags"] == ("Sales 50%", "x")
    assert found(ops, search="50%") == {ANN} and found(ops, tags__contains="sales") == {ANN, BOB}
    assert found(ops, search="0_") == set() and found(ops, tags__empty="") == {EVE}


def test_wildcards_and_quotes_are_looked_for_as_they_are(ops: Ops) -> None:
    odd = '100% <b>O\'Neil\\ "_" ;--'
    add_mailbox(ops.site.engine, "a_b@example.org", name=odd)
    for text in ("100%", "<b>O'Neil\\", '"_"', ";--", "a_b@"):
        assert found(ops, search=text) == {"a_b@example.org"}
    for text in ("1%0", "a%b", "O''Neil"):
        assert found(ops, search=text) == set()
    assert found(ops, full_name=odd) == {"a_b@example.org"} and found(ops, username__starts="a_") == {"a_b@example.org"}


def test_filters_on_switches_and_choices(ops: Ops) -> None:
    off = add_mailbox(ops.site.engine, "off@example.org", active=0, attributes={"imap_access": "0"})
    two = add_mailbox(ops.site.engine, "two@example.org", active=2, attributes=None)
    assert found(ops, active="off") == {off} and found(ops, active="receives only") == {two}
    assert found(ops, imap_access="no") == {off} and off not in found(ops, imap_access="yes")
    assert found(ops, tls_enforce_in="yes") == {ANN, BOB, EVE, off, two}
    assert found(ops, domain="OTHER.example") == {EVE} and found(ops, quota__le="50 MiB") == set()


@pytest.mark.parametrize(
    "name", ["username", "domain", "quota", "last_login", "tags", "imap_access", "relayed", "created"]
)
def test_every_order_is_stable(ops: Ops, name: str) -> None:
    assert sorted(order(ops, name)) == sorted(order(ops, f"-{name}")) == sorted([ANN, BOB, EVE])


def test_resources_are_no_mailboxes(ops: Ops) -> None:
    add_resource(ops.site.engine, "room@example.org")
    assert "room@example.org" not in ops.mailboxes.frame().index and ops.mailboxes.count() == 3


def test_a_frame_has_the_fields_types_even_when_empty(ops: Ops) -> None:
    some, none = ops.mailboxes.frame(), ops.mailboxes.frame(Query(search="nobody"))
    assert list(some.columns) == list(none.columns) and "password" not in some.columns
    assert some["quota"].dtype == none["quota"].dtype == "Int64" and some["imap_access"].dtype == "boolean"


def test_choices_and_help(ops: Ops) -> None:
    put(ops.site.engine, "domain", domain="xn--bcher-kva.example")
    fields = ops.mailboxes.record.fields()
    assert choices_of(fields["domain"], ops)["xn--bcher-kva.example"] == "bücher.example"
    assert list(choices_of(fields["template"], ops).values()) == ["Default"]
    assert choices_of(fields["authsource"], ops) == {"mailcow": "local password"}
    assert {f.group for f in fields.values() if f.on_add or f.on_edit} == {
        "Mailbox", "Sign-in", "Protocols", "Mail", "Quarantine", "Rights",
    }  # fmt: skip
    assert all(f.doc and f.doc.endswith((".", "…")) for f in fields.values())


# -- resets ---------------------------------------------------------------------------------------------------------
def test_resets_of_sogo(ops: Ops) -> None:
    engine = ops.site.engine
    for name in (ANN, BOB):
        put(engine, "sogo_cache_folder", c_uid=name)
        put(engine, "sogo_user_profile", c_uid=name)
        put(engine, "sogo_acl", c_uid=EVE, c_object=f"/{name}/Calendar")
    assert [o.key for o in ops.commit(ops.mailboxes.run("reset_eas", [ANN])).outcomes] == ["eas_reset"]
    assert [row["c_uid"] for row in rows(engine, "sogo_cache_folder")] == [BOB] and len(
        rows(engine, "sogo_user_profile")
    ) == 2
    plan = ops.mailboxes.run("reset_sogo", [ANN])
    assert [o.key for o in plan.outcomes] == ["sogo_profile_reset"] and plan.final == ["1 SOGo profiles"]
    ops.commit(plan)
    assert [row["c_uid"] for row in rows(engine, "sogo_user_profile")] == [BOB]
    assert [row["c_object"] for row in rows(engine, "sogo_acl")] == [f"/{BOB}/Calendar"]


def test_login_history_and_nothing_else_of_the_log(ops: Ops) -> None:
    engine = ops.site.engine
    for name in (ANN, BOB):
        login(engine, name, "imap", datetime(2026, 2, 1))
        for kind, call in (
            ("success", f'["check_login", "{name}", "*"]'),
            ("danger", f'["check_login", "{name}", "*"]'),
            ("success", '["mailbox", "edit", "check_login"]'),
            ("success", "check_login, not JSON"),
        ):
            put(engine, "logs", user=name, type=kind, call=call, time=1)
    result = ops.commit(ops.mailboxes.run("reset_logins", [ANN]))
    assert [o.key for o in result.outcomes] == ["last_login_reset"]
    assert [row["username"] for row in rows(engine, "sasl_log")] == [BOB]
    assert len(rows(engine, "logs", user=ANN)) == 3 and len(rows(engine, "logs", user=BOB)) == 4
    assert keys_of(ops.mailboxes.run("reset_logins", ["nobody@example.org"])) == {"access_denied"}
    assert ops.mailboxes.run("reset_eas", []).empty
