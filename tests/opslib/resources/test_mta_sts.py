from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.query import Query
from tests.opslib.resources.support import (
    ADMIN,
    NOW,
    add_alias_domain,
    add_domain,
    domain_admin,
    keys_of,
    mailbox_user,
    make_ops,
    rows,
    snapshot,
)

POLICY = {"domain": "one.org", "mode": "enforce", "mx": "MX.one.org, *.two.org", "max_age": 86400}


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    for name in ("one.org", "two.org", "three.org"):
        add_domain(engine, name)
    add_alias_domain(engine, "also-one.org", "one.org")
    found = make_ops(engine)
    found.commit(found.mta_sts.add({**POLICY, "domain": "two.org"}))
    return found


def refusals(ops: Ops, **values: Any) -> set[tuple[str, str | None]]:
    return {(o.key, o.field) for o in ops.mta_sts.add_many([{**POLICY, **values}]).refused}


def test_add_stores_the_contracts_form_and_undo_removes_it(ops: Ops, engine: sa.Engine) -> None:
    before = snapshot(engine)
    change = ops.commit(ops.mta_sts.add(POLICY)).change_id
    assert rows(engine, "mta_sts", domain="one.org") == [
        {
            "id": 20260301120000, "domain": "one.org", "version": "stsv1", "mode": "enforce", "mx": "mx.one.org,*.two.org",
            "max_age": "86400", "active": 1,
        }
    ]  # fmt: skip
    found = ops.mta_sts.get("one.org")
    assert (found["mx"], found["max_age"], found["id"]) == (("mx.one.org", "*.two.org"), 86400, 20260301120000)
    assert ops.mta_sts.fields["version"].show(found["version"]) == "STSv1"
    ops.commit(ops.undo(change or 0))
    assert snapshot(engine) == before


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"domain": ""}, ("field_needed", "domain")),
        ({"domain": "nowhere.org"}, ("domain_not_found", "domain")),
        ({"domain": "also-one.org"}, ("domain_not_found", "domain")),
        ({"domain": "two.org"}, ("mta_sts_exists", "domain")),
        ({"version": "stsv2"}, ("value_not_choice", "version")),
        ({"mode": "strict"}, ("value_not_choice", "mode")),
        ({"max_age": 0}, ("max_age_invalid", "max_age")),
        ({"max_age": 31557601}, ("max_age_invalid", "max_age")),
        ({"max_age": "-5"}, ("max_age_invalid", "max_age")),
        ({"max_age": "long"}, ("value_not_number", "max_age")),
        ({"mx": "a..b"}, ("mx_invalid", "mx")),
        ({"mx": "x.*.org"}, ("mx_invalid", "mx")),
        ({"mx": ""}, ("mx_invalid", "mx")),
        ({"mx": ",".join(f"mx{number}.example.org" for number in range(20))}, ("value_too_long", "mx")),
    ],
)
def test_add_refuses(ops: Ops, values: dict[str, Any], found: tuple[str, str]) -> None:
    assert found in refusals(ops, **values)


@pytest.mark.parametrize(
    ("changes", "renewed"),
    [
        ({"mode": "none"}, True),
        ({"mx": "a.b"}, True),
        ({"max_age": 5}, True),
        ({"active": 0}, False),
        ({"max_age": "86400", "version": "STSv1", "mode": "ENFORCE", "mx": "mx.one.org *.two.org"}, None),
    ],
)
def test_the_id_changes_with_the_text_and_only_then(
    ops: Ops, engine: sa.Engine, changes: dict[str, Any], renewed: bool | None
) -> None:
    before = snapshot(engine)
    plan = ops.mta_sts.edit("two.org", changes)
    assert plan.empty == (renewed is None)
    change = ops.commit(plan).change_id
    (row,) = rows(engine, "mta_sts")
    assert (row["id"] > 20260301120000) == bool(renewed)
    if change:
        ops.commit(ops.undo(change))
    assert snapshot(engine) == before


def test_the_id_is_the_moment_of_the_change(engine: sa.Engine, ops: Ops) -> None:
    later = make_ops(engine, clock=lambda: NOW + timedelta(hours=1))
    later.commit(later.mta_sts.edit("two.org", {"mode": "testing"}))
    assert rows(engine, "mta_sts")[0]["id"] == 20260301130000


def test_ages_are_compared_as_numbers(ops: Ops) -> None:
    ops.commit(ops.mta_sts.add({**POLICY, "max_age": 9}))
    assert list(ops.mta_sts.frame(Query(sort=["max_age"])).index) == ["one.org", "two.org"]
    assert list(ops.mta_sts.frame(Query.where(max_age__ge=10)).index) == ["two.org"]


def test_delete_and_undo(ops: Ops, engine: sa.Engine) -> None:
    before = snapshot(engine)
    change = ops.commit(ops.mta_sts.delete("two.org")).change_id
    assert rows(engine, "mta_sts") == []
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET domain='moved.org' WHERE domain='two.org'"))
    with pytest.raises(UserError):
        ops.commit(ops.undo(change or 0))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET domain='two.org' WHERE domain='moved.org'"))
    ops.commit(ops.undo(change or 0))
    assert snapshot(engine) == before


def test_a_domain_administrator_stays_at_home(ops: Ops, engine: sa.Engine) -> None:
    before = snapshot(engine)
    keeper = ops.acting_as(domain_admin(engine, "keeper", "one.org"))
    before = snapshot(engine)
    mine = keeper.mta_sts
    assert mine.count() == mine.count(Query(search="two")) == 0
    assert mine.choices("domain") == {"one.org": "one.org"}
    for name in ("two.org", "three.org", "nowhere.org"):
        assert refusals(keeper, domain=name) == {("access_denied", "domain")}
        assert keys_of(mine.edit(name, {"mode": "none"})) == {"access_denied"}
        assert keys_of(mine.delete(name)) == {"access_denied"}
    with pytest.raises(Denied):
        keeper.commit(keeper.acting_as(ADMIN).mta_sts.edit("two.org", {"mode": "none"}))
    assert snapshot(engine) == before
    change = keeper.commit(mine.add(POLICY)).change_id
    keeper.commit(mine.edit("one.org", {"mode": "none"}))
    keeper.commit(mine.delete("one.org"))
    assert change
    assert snapshot(engine) == before


def test_mailbox_users_have_none(ops: Ops) -> None:
    user = ops.acting_as(mailbox_user("ann@two.org"))
    assert user.mta_sts.count() == 0
    for denied in (
        lambda: user.mta_sts.add(POLICY),
        lambda: user.mta_sts.edit("two.org", {"mode": "none"}),
        lambda: user.mta_sts.delete("two.org"),
    ):
        with pytest.raises(Denied):
            denied()
