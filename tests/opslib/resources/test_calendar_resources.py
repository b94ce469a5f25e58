from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.query import Query
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

ANN, ROOM, THEIRS = "ann@example.org", "room@example.org", "car@other.example"


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    add_domain(engine, "example.org", mailboxes=1, quota=0)
    add_alias_domain(engine, "example.net", "example.org")
    add_domain(engine, "other.example")
    add_mailbox(engine, ANN)
    add_resource(engine, THEIRS, kind="thing")
    return make_ops(engine)


@pytest.fixture
def tenant(ops: Ops) -> Ops:
    return ops.acting_as(domain_admin(ops.site.engine, "dora", "example.org"))


def key_of(raising: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        raising()
    return caught.value.key


def given(**values: Any) -> dict[str, Any]:
    return {"description": "Meeting Room 1 (2nd floor)", "domain": "example.org", "kind": "location", **values}


def test_adding(ops: Ops) -> None:
    """No self row, no usage row, no rights; limits of the domain do not count."""
    engine = ops.site.engine
    before = snapshot(engine)
    result = ops.commit(ops.resources["resources"].add(given(multiple_bookings="-7", kind="thing")))
    (row,) = rows(engine, "mailbox", username="meetingroom12ndfloor@example.org")
    assert (row["name"], row["kind"], row["multiple_bookings"], row["active"]) == (
        "Meeting Room 1 (2nd floor)",
        "thing",
        -1,
        1,
    )
    assert (row["password"], row["quota"], row["attributes"], row["custom_attributes"]) == ("RESOURCE", 0, None, {})
    assert (row["local_part"], row["domain"]) == ("meetingroom12ndfloor", "example.org")
    assert {t: n for t, n in snapshot(engine).items() if t in ("alias", "quota2", "user_acl")} == {
        t: n for t, n in before.items() if t in ("alias", "quota2", "user_acl")
    }
    (shown,) = rows(engine, "_sogo_static_view", c_uid=row["username"])
    assert (shown["kind"], shown["c_cn"], shown["aliases"]) == ("thing", row["name"], "")
    assert [o.key for o in result.outcomes] == ["resource_added"]
    ops.commit(ops.undo(result.change_id))
    assert snapshot(engine) == before


@pytest.mark.parametrize(
    ("values", "key", "field"),
    [
        (given(description=""), "description_invalid", "description"),
        (given(description="(+)"), "resource_invalid", "description"),
        (given(description="x" * 65), "resource_invalid", "description"),
        (given(kind="mailbox"), "value_not_choice", "kind"),
        (given(kind=""), None, None),
        (given(domain=""), "field_needed", "domain"),
        (given(domain="-x-"), "domain_invalid", "domain"),
        (given(domain="unknown.example"), "domain_not_found", "domain"),
        (given(domain="example.net"), "domain_not_found", "domain"),
        (given(description="Ann"), "object_exists", "description"),
        (given(description="car", domain="other.example"), "object_exists", "description"),
        (given(description="info"), "is_alias", "description"),
        (given(description="temp"), "is_spam_alias", "description"),
        (given(multiple_bookings="many"), "value_not_number", "multiple_bookings"),
        (given(username=ROOM), "field_read_only", "username"),
        (given(password="x"), "field_unknown", "password"),
    ],
)
def test_rules_for_new_resources(ops: Ops, values: dict[str, Any], key: str | None, field: str | None) -> None:
    engine = ops.site.engine
    add_alias(engine, "info@example.org", ANN)
    add_row(engine, "spamalias", address="temp@example.org", goto=ANN, description="", validity=1, permanent=0)
    plan = ops.resources["resources"].add_many([values])
    assert [(o.key, o.field) for o in plan.refused] == ([(key, field)] if key else [])


def test_two_of_the_same_in_one_go(ops: Ops) -> None:
    plan = ops.resources["resources"].add_many([given(), given(description="meeting-room-12nd-floor")])
    assert keys_of(plan) == {"object_exists"}


def test_a_race_is_settled_inside_the_transaction(ops: Ops) -> None:
    plan = ops.resources["resources"].add(given(description="room"))
    add_alias(ops.site.engine, ROOM, ANN)
    assert key_of(lambda: ops.commit(plan)) == "is_alias_or_mailbox"


@pytest.mark.parametrize(
    ("bookings", "words"), [(-1, "no limit, shown as busy"), (0, "no limit, always free"), (3, "at most 3 at once")]
)
def test_bookings_in_words(ops: Ops, bookings: int, words: str) -> None:
    add_resource(ops.site.engine, ROOM)
    resource = ops.resources["resources"]
    ops.commit(resource.edit(ROOM, {"multiple_bookings": bookings}))
    assert resource.fields["multiple_bookings"].show(resource.get(ROOM)["multiple_bookings"]) == words
    assert resource.fields["multiple_bookings"].parse(str(bookings)) == bookings


def test_changing(ops: Ops) -> None:
    engine = ops.site.engine
    add_resource(engine, ROOM)
    ops.commit(ops.resources["resources"].edit(ROOM, {"active": 1, "description": "start"}))
    before = snapshot(engine)
    changes = {"description": "Big room", "kind": "group", "multiple_bookings": 2, "active": False}
    result = ops.commit(ops.resources["resources"].edit(ROOM, changes))
    (row,) = rows(engine, "mailbox", username=ROOM)
    assert (row["name"], row["kind"], row["multiple_bookings"], row["active"]) == ("Big room", "group", 2, 0)
    assert rows(engine, "_sogo_static_view", c_uid=ROOM) == []
    ops.commit(ops.undo(result.change_id))
    after = snapshot(engine)
    assert after["mailbox"] == before["mailbox"]
    assert rows(engine, "_sogo_static_view", c_uid=ROOM)[0]["c_cn"] == "start"
    assert keys_of(ops.resources["resources"].edit(ROOM, {"description": ""})) == {"description_invalid"}
    assert keys_of(ops.resources["resources"].edit(ROOM, {"kind": "mailbox"})) == {"value_not_choice"}
    assert keys_of(ops.resources["resources"].edit(ROOM, {"domain": "other.example"})) == {"field_read_only"}


def test_deleting(ops: Ops) -> None:
    engine = ops.site.engine
    add_resource(engine, ROOM)
    add_row(engine, "sogo_user_profile", c_uid=ROOM, c_defaults="{}", c_settings="{}")
    resource = ops.resources["resources"]
    before = rows(engine, "mailbox")
    result = ops.commit(resource.delete(ROOM))
    assert rows(engine, "mailbox", username=ROOM) == rows(engine, "sogo_user_profile") == []
    assert [o.key for o in result.outcomes] == ["resource_removed"]
    ops.commit(ops.undo(result.change_id))
    back = rows(engine, "mailbox")
    assert [{**r, "password": "", "modified": None} for r in back] == [
        {**r, "password": "", "modified": None} for r in before
    ]


def test_a_mailbox_is_never_touched(ops: Ops) -> None:
    engine = ops.site.engine
    before = snapshot(engine)
    resource = ops.resources["resources"]
    assert ANN not in resource.frame().index
    with pytest.raises(Denied):
        resource.get(ANN)
    for plan in (resource.delete(ANN), resource.edit(ANN, {"kind": "thing"}), resource.delete(ANN.upper())):
        assert keys_of(plan) == {"access_denied"} and plan.empty
    assert snapshot(engine) == before


def test_a_domain_administrator_has_his_own_only(tenant: Ops) -> None:
    resource = tenant.resources["resources"]
    add_resource(tenant.site.engine, ROOM)
    for query in (Query(), Query(search="car"), Query.where(domain="other.example"), Query.where(username=THEIRS)):
        assert THEIRS not in resource.frame(query).index
    assert list(resource.frame().index) == [ROOM]
    for plan in (resource.delete(THEIRS), resource.edit(THEIRS, {"active": 0})):
        assert keys_of(plan) == {"access_denied"} and plan.empty
    for domain in ("other.example", "unknown.example"):
        assert key_of(lambda domain=domain: resource.add(given(description="car", domain=domain))) == "access_denied"
    tenant.commit(resource.add(given()))


def test_mailbox_users_have_no_resources(ops: Ops) -> None:
    ann = ops.acting_as(mailbox_user(ANN)).resources["resources"]
    assert len(ann.frame()) == 0
    for attempt in (lambda: ann.add(given()), lambda: ann.delete(ANN), lambda: ann.edit(THEIRS, {"active": 0})):
        assert key_of(attempt) == "access_denied"
