from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from opslib.ops import Ops
from opslib.plan import Plan
from opslib.resources import alias_targets
from opslib.schema import alias
from opslib.stores.database import read
from tests.opslib.resources.support import NOW, add_alias, add_domain, add_mailbox, add_row, make_ops, rows

ANN = "ann@example.org"


class Clock:
    """A clock that is set forward."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> object:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ops(engine: sa.Engine, clock: Clock) -> Ops:
    add_domain(engine, "example.org")
    add_mailbox(engine, ANN)
    return make_ops(engine, clock=clock)


def index(engine: sa.Engine) -> set[tuple[str, int]]:
    return {(r["target"], r["alias_id"]) for r in rows(engine, "ops_alias_target")}


def retarget(engine: sa.Engine, key: int, goto: str) -> None:
    """Another program writes."""
    with engine.begin() as connection:
        connection.execute(alias.update().where(alias.c.id == key).values(goto=goto))


def test_what_other_programs_wrote_is_indexed_once_somebody_looks(ops: Ops, engine: sa.Engine, clock: Clock) -> None:
    own = rows(engine, "alias")[0]["id"]
    key = add_alias(engine, "info@example.org", "Ann@Example.org", "x@elsewhere.example")
    alias_targets.ensure(ops.site)
    assert index(engine) == {(ANN, own), (ANN, key), ("x@elsewhere.example", key)}
    retarget(engine, key, "y@elsewhere.example")
    alias_targets.ensure(ops.site)
    assert ("y@elsewhere.example", key) not in index(engine), "looked at again only after a while"
    clock.now += timedelta(seconds=alias_targets.EVERY_S)
    alias_targets.ensure(ops.site)
    assert index(engine) == {(ANN, own), ("y@elsewhere.example", key)}
    with engine.begin() as connection:
        connection.execute(alias.delete().where(alias.c.id == key))
    clock.now += timedelta(seconds=alias_targets.EVERY_S)
    alias_targets.ensure(ops.site)
    assert index(engine) == {(ANN, own)}


def test_a_change_of_ours_hides_no_change_of_others(ops: Ops, engine: sa.Engine, clock: Clock) -> None:
    alias_targets.ensure(ops.site)
    foreign = add_alias(engine, "foreign@example.org", "z@elsewhere.example")
    plan = Plan("aliases", "add", "")
    plan.insert("alias", {"address": "own@example.org"}, {"goto": ANN, "domain": "example.org"}, "own@example.org")
    plan.derive("alias_targets", "own@example.org")
    ops.commit(plan)
    (own,) = (r["id"] for r in rows(engine, "alias", address="own@example.org"))
    assert (ANN, own) in index(engine)
    assert ("z@elsewhere.example", foreign) not in index(engine)
    clock.now += timedelta(seconds=alias_targets.EVERY_S)
    alias_targets.ensure(ops.site)
    assert {("z@elsewhere.example", foreign), (ANN, own)} <= index(engine)


def test_only_the_rows_in_question_are_read(ops: Ops, engine: sa.Engine) -> None:
    """A commit of ours reads neither the whole table of aliases nor the whole index."""
    alias_targets.ensure(ops.site)
    plan = Plan("aliases", "add", "")
    plan.insert("alias", {"address": "own@example.org"}, {"goto": ANN, "domain": "example.org"}, "own@example.org")
    plan.derive("alias_targets", "own@example.org")
    seen: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", listener := lambda *args: seen.append(args[2]))
    ops.commit(plan)
    sa.event.remove(engine, "before_cursor_execute", listener)
    assert not [s for s in seen if "FROM alias" in s and "WHERE" not in s]


def test_rows_written_without_a_word_are_indexed_by_the_next_full_derivation(ops: Ops, engine: sa.Engine) -> None:
    key = add_alias(engine, "info@example.org", ANN)
    plan = Plan("aliases", "reindex", "")
    plan.derive("alias_targets")
    ops.commit(plan)
    assert (ANN, key) in index(engine)


@pytest.mark.parametrize(
    ("goto", "targets"),
    [
        (f"{ANN},{ANN.upper()}, {ANN}", {ANN}),
        ('"a.b"@example.com,x@y.example', {'"a.b"@example.com', "x@y.example"}),
        (",,", set()),
        ("x" * 256 + "@y.example", set()),
        ("ü@y.example,u@z.example", {"ü@y.example", "u@z.example"}),
        ("null@localhost", {"null@localhost"}),
    ],
)
def test_lists_of_any_kind(ops: Ops, engine: sa.Engine, goto: str, targets: set[str]) -> None:
    key = add_row(engine, "alias", address="info@example.org", goto=goto, domain="example.org")
    alias_targets.ensure(ops.site)
    assert {target for target, alias_id in index(engine) if alias_id == key} == targets


def test_the_signature_sees_swapped_targets(ops: Ops, engine: sa.Engine, clock: Clock) -> None:
    """Same number, same lengths, same sums: only who has which list differs."""
    a = add_alias(engine, "a@example.org", "b@elsewhere.example")
    b = add_alias(engine, "b@example.org", "a-longer@elsewhere.example")
    alias_targets.ensure(ops.site)
    retarget(engine, a, "a-longer@elsewhere.example")
    retarget(engine, b, "b@elsewhere.example")
    with read(engine) as connection:
        assert alias_targets._stored(connection) != alias_targets._signature(connection)


def test_split_targets() -> None:
    assert alias_targets.split_targets(" a@x.example , B@x.example,b@X.example,, ") == ["a@x.example", "B@x.example"]
    assert alias_targets.split_targets(None) == []


def test_mailboxes_count_aliases_that_other_programs_wrote(ops: Ops, engine: sa.Engine) -> None:
    add_alias(engine, "info@example.org", ANN, "x@elsewhere.example")
    assert list(ops.mailboxes.page(names=["aliases"]).frame["aliases"]) == [1]
