"""The journal and the outbox, read as rows: scope, search, details without secrets, undo, retry."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from opslib.errors import Denied, ServerError, UserError
from opslib.host.absent import AbsentHost
from opslib.ops import Ops
from opslib.query import Query
from opslib.schema.console import ops_outbox
from tests.opslib.resources.support import ADMIN, add_domain, add_mailbox, domain_admin, make_ops

BITS = ("unlimited_quota",)


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    """An administrator's ops with two domains and two mailboxes."""
    for name in ("one.example", "two.example"):
        add_domain(engine, name)
        add_mailbox(engine, f"ann@{name}")
    return make_ops(engine)


def rename(ops: Ops, address: str, name: str) -> int:
    found = ops.commit(ops.mailboxes.edit(address, {"full_name": name}), note="why not").change_id
    assert found
    return found


def labels(ops: Ops, **where: str) -> list[str]:
    return list(ops.changes.page(Query.where(**where)).frame["label"])


# -- reading ----------------------------------------------------------------------------------------------------------
def test_newest_first(ops: Ops) -> None:
    first, second = rename(ops, "ann@one.example", "Anna"), rename(ops, "ann@two.example", "Anne")
    page = ops.changes.page()
    assert list(page.frame.index) == [second, first]
    row = page.frame.iloc[0]
    assert (row["actor"], row["count"], row["state"], row["resource"]) == (ADMIN.name, 1, "done", "mailboxes")
    assert row["note"] == "why not"


def test_a_condition_on_the_item_looks_at_all_of_them(ops: Ops) -> None:
    both = ["ann@one.example", "ann@two.example"]
    change = ops.commit(ops.mailboxes.edit(both, {"active": "0"})).change_id
    rename(ops, "ann@one.example", "Anna")
    assert list(ops.changes.page(Query.where(subject__contains="two.ex")).frame.index) == [change]
    assert ops.changes.count(Query.where(subject__contains="one.ex")) == 2


def test_search_and_dates(ops: Ops) -> None:
    rename(ops, "ann@one.example", "Anna")
    assert ops.changes.count(Query(search="one.example")) == 1
    assert ops.changes.count(Query(search="why")) == 1
    assert ops.changes.count(Query(search="nowhere")) == 0
    assert ops.changes.count(Query.where(at__ge="2026-03-01")) == 1
    assert ops.changes.count(Query.where(at__ge="2026-03-02")) == 0
    assert ops.changes.count(Query.where(actor="admin", resource="mailboxes", state="done")) == 1


def test_detail(ops: Ops) -> None:
    change = rename(ops, "ann@one.example", "<b>Anna</b>")
    cells = ops.resource("changes").detail(change)  # type: ignore[attr-defined]
    (cell,) = [cell for cell in cells.itertuples() if cell.field == "name"]
    assert (cell.subject, cell.table, cell.before, cell.after) == ("ann@one.example", "mailbox", "ann", "<b>Anna</b>")


def test_no_secret_in_the_detail(ops: Ops) -> None:
    secret = "Vivid-horse-42"
    change = ops.commit(ops.mailboxes.edit("ann@one.example", {"password": secret})).change_id
    cells = ops.resource("changes").detail(change)  # type: ignore[attr-defined]
    assert "changed" in set(cells["after"])
    assert secret not in cells.to_csv()
    assert "{BLF-CRYPT}" not in cells.to_csv()


def test_nothing_can_be_written(ops: Ops) -> None:
    change = rename(ops, "ann@one.example", "Anna")
    for verb in (lambda: ops.changes.edit(change, {"label": "x"}), lambda: ops.changes.delete(change)):
        with pytest.raises(Denied):
            verb()
    with pytest.raises(Denied):
        ops.changes.add({"label": "x"})


# -- scope ------------------------------------------------------------------------------------------------------------
def test_domain_admin_sees_own_domains_only(ops: Ops, engine: sa.Engine) -> None:
    mine = rename(ops, "ann@one.example", "Anna")
    theirs = rename(ops, "ann@two.example", "Anne")
    both = ops.commit(ops.mailboxes.edit(["ann@one.example", "ann@two.example"], {"active": "0"})).change_id
    dora = ops.acting_as(domain_admin(engine, "dora", "one.example", bits=BITS))
    assert list(dora.changes.page().frame.index) == [mine]
    for change in (theirs, both):
        with pytest.raises(Denied):
            dora.resource("changes").detail(change)  # type: ignore[attr-defined]
        with pytest.raises(Denied):
            dora.changes.run("undo", change)


def test_domain_admin_undoes_own_changes_only(ops: Ops, engine: sa.Engine) -> None:
    dora = ops.acting_as(domain_admin(engine, "dora", "one.example", bits=BITS))
    by_admin = rename(ops, "ann@one.example", "Anna")
    with pytest.raises(Denied):
        dora.changes.run("undo", by_admin)
    own = rename(dora, "ann@one.example", "Annie")
    dora.commit(dora.changes.run("undo", own))
    assert ops.mailboxes.get("ann@one.example")["full_name"] == "Anna"


def test_others_see_their_own(ops: Ops, engine: sa.Engine) -> None:
    rename(ops, "ann@one.example", "Anna")
    dora = ops.acting_as(domain_admin(engine, "dora", "two.example"))
    assert dora.changes.count() == 0


# -- undo -------------------------------------------------------------------------------------------------------------
def test_undo_and_states(ops: Ops) -> None:
    change = rename(ops, "ann@one.example", "Anna")
    plan = ops.changes.run("undo", change)
    assert [(c.before, c.after) for c in plan.changes] == [("Anna", "ann")]
    back = ops.commit(plan).change_id
    assert list(ops.changes.page().frame["state"]) == ["undo", "undone"]
    assert ops.changes.get(change)["undone_by"] == back
    with pytest.raises(UserError, match="undone already"):
        ops.changes.run("undo", change)


def test_undo_leaves_what_moved_on(ops: Ops) -> None:
    both = ["ann@one.example", "ann@two.example"]
    change = ops.commit(ops.mailboxes.edit(both, {"full_name": "X"})).change_id
    rename(ops, "ann@one.example", "Y")
    plan = ops.changes.run("undo", change)
    assert [outcome.subject for outcome in plan.refused] == ["ann@one.example"]
    ops.commit(plan, partial=True)
    assert [ops.mailboxes.get(key)["full_name"] for key in both] == ["Y", "ann"]


def test_undo_of_nothing(ops: Ops) -> None:
    with pytest.raises(Denied):
        ops.changes.run("undo", 999)


# -- outbox -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def waiting(engine: sa.Engine) -> Ops:
    """Ops without a host, and a change whose effects wait."""
    for name in ("one.example", "two.example"):
        add_domain(engine, name)
        add_mailbox(engine, f"ann@{name}")
    ops = make_ops(engine, host=AbsentHost())
    ops.commit(ops.mailboxes.delete("ann@one.example"))
    return ops


def states(ops: Ops) -> list[str]:
    return sorted(set(ops.effects.frame()["state"]))


def test_what_waits_and_why(waiting: Ops) -> None:
    frame = waiting.effects.frame(Query.where(state="pending"))
    assert len(frame)
    assert set(frame["problem"].dropna()) == {"no connection to the host is configured"}
    assert frame["since"].notna().all()
    assert not {"args", "undo"} & set(frame.columns)


def test_give_up_and_retry(waiting: Ops) -> None:
    keys = list(waiting.effects.frame(Query.where(state="pending")).index)
    plan = waiting.effects.run("give_up", keys)
    assert plan.count == len(keys)
    waiting.commit(plan)
    assert waiting.effects.count(Query.where(state="given_up")) == len(keys)
    refused = waiting.effects.run("give_up", keys)
    assert len(refused.refused) == len(keys)
    waiting.commit(waiting.effects.run("retry", keys))
    assert waiting.effects.count(Query.where(state="pending")) == len(keys)


def test_retry_does_it_when_the_host_is_back(waiting: Ops, engine: sa.Engine) -> None:
    ops = make_ops(engine)
    keys = list(ops.effects.frame(Query.where(state="pending")).index)
    assert ops.run_effects() == []
    assert ops.effects.count(Query.where(state="pending")) == len(keys)
    ops.commit(ops.effects.run("retry", keys))
    assert ops.run_effects() == []
    assert states(ops) == ["done"]


def test_done_is_done(ops: Ops) -> None:
    ops.commit(ops.mailboxes.delete("ann@one.example"))
    keys = list(ops.effects.frame().index)
    assert states(ops) == ["done"]
    assert len(ops.effects.run("retry", keys).refused) == len(keys)


def test_only_admins_touch_the_outbox(waiting: Ops, engine: sa.Engine) -> None:
    dora = waiting.acting_as(domain_admin(engine, "dora", "one.example", "two.example"))
    assert dora.effects.count() == 0
    assert not dora.effects.may("retry")
    with pytest.raises(Denied):
        dora.effects.run("retry", list(waiting.effects.frame().index))


def test_failures_are_counted_until_retried(waiting: Ops, engine: sa.Engine) -> None:
    class Broken(AbsentHost):
        def do(self, verb: str, **arguments: str) -> None:  # type: ignore[override]
            raise ServerError("task_failed", "refused")

    ops = make_ops(engine, host=Broken())
    keys = list(ops.effects.frame(Query.where(state="pending")).index)
    ops.commit(ops.effects.run("retry", keys))
    ops.run_effects()
    assert set(ops.effects.frame(Query.where(state="failed"))["attempts"]) == {1}
    ops.commit(ops.effects.run("retry", keys))
    with engine.connect() as connection:
        assert set(connection.scalars(sa.select(ops_outbox.c.attempts))) == {0}
