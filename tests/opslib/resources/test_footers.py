from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.query import Query
from tests.opslib.resources.support import (
    ADMIN,
    add_alias,
    add_alias_domain,
    add_domain,
    add_mailbox,
    add_row,
    domain_admin,
    keys_of,
    mailbox_user,
    make_ops,
    rows,
    snapshot,
)


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    """one.org without a footer, two.org with one; both with a mailbox, an alias and an alias domain."""
    for name in ("one.org", "two.org"):
        add_domain(engine, name)
        add_alias_domain(engine, f"also-{name}", name)
        add_mailbox(engine, f"ann@{name}")
        add_alias(engine, f"info@{name}", f"ann@{name}")
        add_alias(engine, f"info@also-{name}", f"ann@{name}")
    lists: dict[str, Any] = {"mbox_exclude": ["ann@two.org"], "alias_domain_exclude": []}
    add_row(engine, "domain_wide_footer", domain="two.org", html="<b>two</b>", plain="two", skip_replies=1, **lists)
    return make_ops(engine)


def test_every_domain_has_a_footer(ops: Ops) -> None:
    found = ops.footers.frame()
    assert list(found.index) == ["one.org", "two.org"]
    assert list(found["plain"]) == ["", "two"]
    assert list(found["skip_replies"]) == [False, True]
    assert list(found["mbox_exclude"]) == [(), ("ann@two.org",)]
    assert list(ops.footers.frame(Query.where(plain__contains="tw")).index) == ["two.org"]


def test_the_first_edit_writes_a_whole_row_and_undo_removes_it(ops: Ops, engine: sa.Engine) -> None:
    before = snapshot(engine)
    text = "a\r\nb {= from_name =}"
    change = ops.commit(ops.footers.edit("one.org", {"plain": text})).change_id
    assert rows(engine, "domain_wide_footer", domain="one.org") == [
        {
            "domain": "one.org", "html": "", "plain": "a\nb {= from_name =}", "mbox_exclude": [],
            "alias_domain_exclude": [], "skip_replies": 0,
        }
    ]  # fmt: skip
    ops.commit(ops.undo(change or 0))
    assert snapshot(engine) == before


def test_later_edits_keep_what_is_not_given_and_undo_restores(ops: Ops, engine: sa.Engine) -> None:
    before = snapshot(engine)
    changes = {"html": "", "mbox_exclude": "INFO@two.org info@also-two.org", "alias_domain_exclude": "also-two.org"}
    change = ops.commit(ops.footers.edit("two.org", changes)).change_id
    (row,) = rows(engine, "domain_wide_footer")
    assert (row["html"], row["plain"], row["skip_replies"]) == ("", "two", 1)
    assert row["mbox_exclude"] == ["info@two.org", "info@also-two.org"]
    assert row["alias_domain_exclude"] == ["also-two.org"]
    ops.commit(ops.undo(change or 0))
    assert snapshot(engine) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mbox_exclude": "nobody@one.org"}, "mbox_exclude"),
        ({"mbox_exclude": "ann@two.org"}, "mbox_exclude"),
        ({"mbox_exclude": "info@also-two.org"}, "mbox_exclude"),
        ({"mbox_exclude": "one.org"}, "mbox_exclude"),
        ({"alias_domain_exclude": "also-two.org"}, "alias_domain_exclude"),
        ({"alias_domain_exclude": "one.org"}, "alias_domain_exclude"),
        ({"alias_domain_exclude": "nowhere.org"}, "alias_domain_exclude"),
    ],
)
def test_exclusions_are_of_the_domain_itself_and_others_look_alike(ops: Ops, changes: Any, field: str) -> None:
    plan = ops.footers.edit("one.org", changes)
    assert {(outcome.key, outcome.field) for outcome in plan.refused} == {("username_invalid", field)}


def test_a_footer_is_neither_added_nor_deleted(ops: Ops) -> None:
    for denied in (lambda: ops.footers.add({"domain": "one.org"}), lambda: ops.footers.delete("two.org")):
        with pytest.raises(Denied):
            denied()
    for name in ("also-one.org", "nowhere.org"):
        assert keys_of(ops.footers.edit(name, {"plain": "x"})) == {"access_denied"}


def test_a_domain_that_goes_meanwhile_gets_no_footer(ops: Ops, engine: sa.Engine) -> None:
    plan = ops.footers.edit("one.org", {"plain": "x"})
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM domain WHERE domain='one.org'"))
    with pytest.raises(UserError) as caught:
        ops.commit(plan)
    assert caught.value.key == "domain_not_found"


def test_a_domain_administrator_stays_at_home(ops: Ops, engine: sa.Engine) -> None:
    keeper = ops.acting_as(domain_admin(engine, "keeper", "one.org"))
    before = snapshot(engine)
    assert list(keeper.footers.frame().index) == ["one.org"]
    assert keeper.footers.count(Query.where(plain="two")) == 0
    with pytest.raises(Denied):
        keeper.footers.get("two.org")
    assert keys_of(keeper.footers.edit("two.org", {"plain": "x"})) == {"access_denied"}
    with pytest.raises(Denied):
        keeper.commit(keeper.acting_as(ADMIN).footers.edit("two.org", {"plain": "x"}))
    assert snapshot(engine) == before
    change = keeper.commit(keeper.footers.edit("one.org", {"plain": "x", "html": "<i>x</i>"})).change_id
    keeper.commit(keeper.undo(change or 0))
    assert snapshot(engine) == before


def test_mailbox_users_have_none(ops: Ops) -> None:
    user = ops.acting_as(mailbox_user("ann@two.org"))
    assert user.footers.count() == 0
    with pytest.raises(Denied):
        user.footers.edit("two.org", {"plain": "x"})
