"""Any sequence of verbs leaves the invariants of the contract and the index of targets as they should be."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opslib import names
from opslib.errors import UserError
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.resources import alias_targets
from opslib.schema import metadata
from opslib.stores.database import read, write
from tests.opslib.resources.support import (
    add_alias_domain,
    add_domain,
    add_mailbox,
    add_resource,
    add_row,
    make_ops,
    rows,
)

BOXES = ("ann@example.org", "bob@example.org")
LOCALS = ("", "a", "B", "b", "ann", "temp", "c+d")
DOMAINS = ("example.org", "example.net", "other.example", "unknown.example")

addresses = st.builds("{}@{}".format, st.sampled_from(LOCALS), st.sampled_from(DOMAINS))
usable = st.sampled_from([*BOXES, "a@example.org", "Ann@Example.ORG", "x@elsewhere.example", "b@other.example"])
unusable = st.sampled_from(["null@localhost", "", "nonsense", "room@example.org"])
targets = st.one_of(
    st.lists(usable, min_size=1, max_size=3), st.lists(usable, min_size=1, max_size=3), st.lists(usable | unusable)
)
flags = st.fixed_dictionaries({}, optional={"active": st.booleans(), "sender_allowed": st.booleans()})
added = st.builds(lambda a, g, f: {"address": a, "goto": g, **f}, addresses, targets, flags)
changed = st.fixed_dictionaries(
    {},
    optional={
        "address": addresses,
        "goto": targets,
        "special": st.sampled_from(["", "spam@localhost"]),
        "active": st.booleans(),
        "sogo_visible": st.booleans(),
    },
)
places = st.lists(st.integers(0, 3), min_size=1, max_size=3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(added, min_size=1, max_size=4)),
        st.tuples(st.just("edit"), places, changed),
        st.tuples(st.just("delete"), places),
        st.tuples(st.just("expand"), places),
        st.tuples(st.just("undo"), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=6,
)


def start(engine: sa.Engine) -> Ops:
    """A small site with three aliases."""
    with write(engine) as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in {"versions", "templates"}:
                connection.execute(table.delete())
    add_domain(engine, "example.org", aliases=5)
    add_alias_domain(engine, "example.net", "example.org")
    add_domain(engine, "other.example", aliases=2)
    for name in BOXES:
        add_mailbox(engine, name)
    add_resource(engine, "room@example.org")
    add_row(engine, "spamalias", address="temp@example.org", goto=BOXES[0], description="", validity=1, permanent=1)
    add_row(engine, "sender_acl", logged_in_as=BOXES[0], send_as="a@example.org", external=0)
    ops = make_ops(engine)
    given_rows = [{"address": a, "goto": g} for a, g in (("a@example.org", BOXES), ("@example.org", BOXES[:1]))]
    ops.commit(ops.aliases.add_many([*given_rows, {"address": "a@other.example", "special": "ham@localhost"}]))
    return ops


def plan_of(ops: Ops, step: tuple[Any, ...], done: list[int]) -> Plan | None:
    kind = step[0]
    if kind == "add":
        return ops.aliases.add_many(step[1])
    if kind == "undo":
        return ops.undo(done[-1 - step[1]]) if step[1] < len(done) else None
    keys = list(ops.aliases.frame().index)
    chosen = [keys[place] for place in step[1] if place < len(keys)]
    if kind == "edit":
        return ops.aliases.edit(chosen, step[2])
    return ops.aliases.delete(chosen) if kind == "delete" else ops.aliases.run("expand", chosen)


def carry_out(ops: Ops, sequence: list[tuple[Any, ...]]) -> None:
    done: list[int] = []
    for step in sequence:
        try:
            plan = plan_of(ops, step, done)
            change = ops.commit(plan, partial=True).change_id if plan else None
        except UserError:
            continue  # refused as a whole; nothing was written
        if change is not None:
            done.append(change)


def check_invariants(engine: sa.Engine) -> None:
    """20.5, 20.6, 20.13 and the limits of the domains."""
    found = rows(engine, "alias")
    mailboxes = {r["username"]: r for r in rows(engine, "mailbox")}
    others = [r for r in found if r["address"].lower() != r["goto"].lower()]
    taken = Counter([r["address"].lower() for r in others])
    taken.update([*mailboxes, *(r["address"] for r in rows(engine, "spamalias"))])
    assert max(taken.values()) == 1
    through = {f"{r['local_part']}@example.net" for r in mailboxes.values() if r["kind"] == ""}
    assert not through & {r["address"].lower() for r in others}
    for row in others:
        goto = row["goto"].split(",")
        assert row["domain"] == row["address"].rpartition("@")[2]
        assert len({target.lower() for target in goto}) == len(goto) >= 1
        assert names.goto_list(row["goto"]) == goto
        assert row["address"].lower() not in {target.lower() for target in goto}
        assert not {"room@example.org"} & set(goto)
    room = Counter("example.org" if r["domain"] == "example.net" else r["domain"] for r in others)
    assert room["example.org"] <= 5 and room["other.example"] <= 2 and room["unknown.example"] == 0


def check_derived(engine: sa.Engine) -> None:
    """The index is exact, its signature too, and SOGo shows what it should."""
    found = rows(engine, "alias")
    index = {(r["target"], r["alias_id"]) for r in rows(engine, "ops_alias_target")}
    with read(engine) as connection:
        stored, present = alias_targets._stored(connection), alias_targets._signature(connection)
    if stored is not None:
        assert index == {(target.lower(), r["id"]) for r in found for target in r["goto"].split(",")}
        assert stored == present
    for shown in rows(engine, "_sogo_static_view", kind=""):
        expected = sorted(
            r["address"]
            for r in found
            if shown["c_uid"] in r["goto"].lower().split(",")
            and r["address"].lower() != r["goto"].lower()
            and not r["address"].startswith("@")
            and r["active"] == r["sogo_visible"] == 1
        )
        assert shown["aliases"].split() == expected


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(sequence=steps)
def test_any_sequence_of_verbs(engine: sa.Engine, sequence: list[tuple[Any, ...]]) -> None:
    ops = start(engine)
    carry_out(ops, sequence)
    check_invariants(engine)
    check_derived(engine)
