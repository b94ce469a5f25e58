from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from opslib.actor import Actor
from opslib.commit import commit
from opslib.errors import Conflict, Denied, UserError
from opslib.ops import Ops
from opslib.query import Query, Selection
from opslib.site import Site
from tests.opslib.resources.support import ADMIN, MIB, domain_admin, keys_of, mailbox_user, make_site, rows
from tests.opslib.sample import People, Person, Statements, fill, person

ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@example.net"


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    found = make_site(engine)
    fill(found, person("ann", name="Ann", quota=5 * MIB), person("bob"), person("eve", "example.net", name="Eve"))
    return found


@pytest.fixture
def people(site: Site) -> People:
    return People(Ops(site, ADMIN))


@pytest.fixture
def limited(site: Site) -> People:
    """Seen by an administrator of example.org only."""
    return People(Ops(site, domain_admin(site.engine, "dora", "example.org")))


# -- reading --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [0, 10, 400])
def test_page_is_two_statements(site: Site, people: People, count: int) -> None:
    fill(site, *(person(f"u{n}") for n in range(count))) if count else None
    with Statements(site.engine) as statements:
        page = people.page(Query(page_size=200, sort=["-quota"]))
    assert len(statements) == 2 and page.total == count + 3 and len(page.frame) == min(count + 3, 200)


def test_page_beyond_the_last_is_the_last(people: People) -> None:
    page = people.page(Query(page=99, page_size=2))
    assert (page.query.page, page.pages, list(page.frame.index)) == (2, 2, [EVE])
    assert people.page(Query(search="nobody", page=5)).query.page == 1


def test_pages_do_not_overlap(people: People) -> None:
    """Equal sort values are told apart by the key."""
    found = [key for n in (1, 2, 3) for key in people.page(Query(sort=["bookings"], page=n, page_size=1)).frame.index]
    assert found == [ANN, BOB, EVE]


@pytest.mark.parametrize("search", ["", "nobody"])
def test_frames_have_the_fields_dtypes(people: People, search: str) -> None:
    frame = people.frame(Query(search=search))
    dtypes = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert dtypes == {
        "username": "string",
        "local_part": "string",
        "domain": "string",
        "full_name": "string",
        "quota": "Int64",
        "bookings": "Int64",
        "active": "object",
        "tls": "boolean",
        "size": "string",
        "notes": "object",
        "words": "object",
        "made": "datetime64[us, UTC]",
    }
    assert frame.index.name == "username" and len(frame) == (0 if search else 3)


def test_only_asked_columns(people: People) -> None:
    frame = people.frame(names=["quota", "quota", "active"])
    assert list(frame.columns) == ["quota", "active"] and frame.loc[ANN, "quota"] == 5 * MIB


def test_get(people: People) -> None:
    assert people.get("ANN@example.org")["full_name"] == "Ann"
    for key in ("nobody@example.org", "", "' OR 1=1 --", 3, None):
        with pytest.raises(Denied):
            people.get(key)


# -- scope ----------------------------------------------------------------------------------------------------------
QUESTIONS = [
    {},
    {"search": "eve"},
    {"domain": "example.net"},
    {"domain__not": "example.org"},
    {"domain__in": ["example.org", "example.net"]},
    {"username__contains": "@"},
    {"full_name__filled": ""},
    {"sort": "-domain"},
]


@pytest.mark.parametrize("where", QUESTIONS, ids=str)
def test_scope_holds_for_every_question(limited: People, where: dict[str, Any]) -> None:
    query = Query.where(**where)
    assert set(limited.frame(query).index) <= {ANN, BOB}
    assert limited.page(query).total == limited.count(query) == len(limited.frame(query))
    assert set(limited.keys(query)) <= {ANN, BOB}


def test_rows_out_of_scope_do_not_exist(limited: People) -> None:
    with pytest.raises(Denied):
        limited.get(EVE)
    seen = {EVE: {"full_name": "Eve"}}
    for plan in (
        limited.edit(EVE, {"full_name": "x"}),
        limited.edit_rows({EVE: {"full_name": "x"}}, seen),
        limited.delete(EVE),
        limited.delete(Selection.of(EVE, EVE.upper())),
    ):
        assert keys_of(plan) == {"access_denied"} and plan.empty
        assert "Eve" not in " ".join(plan.sentences())


def test_seen_values_tell_nothing_about_rows_out_of_scope(limited: People) -> None:
    """A guess that is right looks like one that is wrong."""
    right = limited.edit_rows({EVE: {"full_name": "x"}}, {EVE: {"full_name": "Eve"}})
    wrong = limited.edit_rows({EVE: {"full_name": "x"}}, {EVE: {"full_name": "Other"}})
    assert right.outcomes == wrong.outcomes


def test_query_selection_stays_in_scope(site: Site, limited: People) -> None:
    plan = limited.edit(Query(), {"full_name": "x"})
    commit(site, limited.actor, plan)
    assert {row["username"]: row["name"] for row in rows(site.engine, "mailbox")} == {ANN: "x", BOB: "x", EVE: "Eve"}


def test_lost_domain_is_out_of_scope_at_once(site: Site, limited: People) -> None:
    with site.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM domain_admins")
    assert limited.count() == 0


def test_roles_without_a_right(site: Site) -> None:
    user = People(Ops(site, mailbox_user(ANN)))
    assert user.count() == 0
    for make in (lambda: user.add({}), lambda: user.edit(ANN, {}), lambda: user.delete(ANN), lambda: user.run("x")):
        with pytest.raises(Denied):
            make()


def test_actor_nobody_knows(site: Site) -> None:
    assert People(Ops(site, Actor("ghost", "domainadmin"))).count() == 0


# -- editing --------------------------------------------------------------------------------------------------------
def test_edit_writes_only_what_differs(people: People) -> None:
    plan = people.edit([ANN, BOB], {"full_name": "Ann", "quota": "5"})
    assert [(w.key["username"], w.after) for w in plan.writes] == [(BOB, {"name": "Ann", "quota": 5 * MIB})]  # type: ignore[union-attr]
    assert people.edit(ANN, {"full_name": " Ann "}).empty


def test_seen_values_that_moved_on(site: Site, people: People) -> None:
    seen = {ANN: {"full_name": "Ann", "quota": 5 * MIB}, BOB: {"full_name": None}}
    with site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE mailbox SET name = 'Anna' WHERE local_part = 'ann'")
    plan = people.edit_rows({ANN: {"quota": "6"}, BOB: {"quota": "6"}}, seen)
    assert [(o.subject, o.key, o.args) for o in plan.refused] == [(ANN, "row_changed", (ANN, "Name", "Anna"))]
    assert [w.key for w in plan.writes] == [{"username": BOB}]  # type: ignore[union-attr]
    with pytest.raises(Conflict):
        people.one(plan)


def test_seen_and_new_value_alike_is_still_a_conflict(site: Site, people: People) -> None:
    """Someone else set another value meanwhile: it is not lost silently."""
    with site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE mailbox SET quota = 9 WHERE local_part = 'ann'")
    assert keys_of(people.edit_rows({ANN: {"quota": "7"}}, {ANN: {"quota": 5 * MIB}})) == {"row_changed"}


@pytest.mark.parametrize("nothing", [None, float("nan"), np.nan, pd.NA, pd.NaT], ids=repr)
def test_cells_of_frames_may_be_missing(people: People, nothing: Any) -> None:
    """Grids and notebooks say "empty" with whatever their column's type calls it."""
    assert people.edit_rows({BOB: {"full_name": "x"}}, {BOB: {"full_name": nothing}}).refused == []
    plan = people.edit_rows({ANN: {"full_name": nothing}})
    assert plan.refused == [] and plan.writes[0].after == {"name": None}  # type: ignore[union-attr]


def test_whole_frames_can_be_edited(site: Site, people: People) -> None:
    frame = people.frame(names=["full_name", "quota", "tls", "active", "made"])
    changed = frame[["full_name", "quota", "tls", "active"]].copy()
    changed.loc[BOB, "quota"] = 7 * MIB
    changed.loc[EVE, "full_name"] = pd.NA
    changed.loc[ANN, "tls"] = True
    plan = people.edit_rows(changed.to_dict("index"), frame.to_dict("index"))
    assert plan.refused == []
    commit(site, ADMIN, plan)
    found = {row["username"]: row for row in rows(site.engine, "mailbox")}
    assert (found[BOB]["quota"], found[EVE]["name"], found[ANN]["attributes"]) == (
        7 * MIB,
        None,
        {"tls_enforce_in": "1"},
    )
    assert plan.count == 3


def test_numbers_of_numpy(people: People) -> None:
    plan = people.edit_rows({ANN: {"quota": np.int64(7 * MIB), "bookings": np.float64(3), "tls": np.bool_(True)}})
    assert plan.refused == []
    assert plan.writes[0].after == {"quota": 7 * MIB, "multiple_bookings": 3, "attributes.tls_enforce_in": "1"}  # type: ignore[union-attr]


BAD = [
    ({"nothing": 1}, "field_unknown"),
    ({"username": "x@example.org"}, "field_read_only"),
    ({"quota": "-1"}, "value_not_size"),
    ({"full_name": "x" * 256}, "value_too_long"),
    ({"made": "2026-01-01"}, "field_read_only"),
    ({"active": []}, "value_not_choice"),
    ({"table": "mailbox"}, "field_unknown"),
]


@pytest.mark.parametrize(("changes", "key"), BAD, ids=str)
def test_edits_that_cannot_be(people: People, changes: dict[str, Any], key: str) -> None:
    plan = people.edit([ANN, BOB], changes)
    assert keys_of(plan) == {key} and plan.empty
    assert {o.field for o in plan.refused} == set(changes)


# -- adding ---------------------------------------------------------------------------------------------------------
def new(local: str, **more: Any) -> dict[str, Any]:
    return {"username": f"{local}@example.org", "local_part": local, "domain": "example.org", **more}


def test_add_many_refuses_one_by_one(site: Site, people: People) -> None:
    plan = people.add_many([new("cid", quota="1 GiB"), new("dan", quota="much"), new("", username=""), new("fay")])
    assert [(o.subject, o.key, o.field) for o in plan.refused if o.field == "quota"] == [
        ("dan@example.org", "value_not_size", "quota")
    ]
    assert {o.subject for o in plan.outcomes if o.status == "success"} == {"cid@example.org", "fay@example.org"}
    with pytest.raises(UserError):
        commit(site, ADMIN, plan)
    commit(site, ADMIN, plan, partial=True)
    assert len(rows(site.engine, "mailbox")) == 5
    assert people.get("cid@example.org")["quota"] == 1024 * MIB


def test_add_tells_every_problem_at_its_field(people: People) -> None:
    with pytest.raises(UserError) as refusal:
        people.add({"username": "no address", "quota": "x", "nothing": 1, "made": "now"})
    assert {problem.field for problem in refusal.value.problems} >= {"username", "quota", "nothing", "made", "domain"}


def test_the_same_row_twice(site: Site, people: People) -> None:
    with pytest.raises(Conflict):
        commit(site, ADMIN, people.add_many([new("cid"), new("cid")]))
    assert len(rows(site.engine, "mailbox")) == 3


def test_secrets_are_not_shown(people: People) -> None:
    plan = people.add(new("cid", password="hunter2"))
    assert "hunter2" not in " ".join(plan.sentences()) + repr(plan) + plan._repr_html_()


def test_delete(site: Site, people: People) -> None:
    plan = people.delete(Selection.matching(Query(), exclude=[ANN]))
    assert plan.count == 2
    commit(site, ADMIN, plan)
    assert [row["username"] for row in rows(site.engine, "mailbox")] == [ANN]


def test_defaults(people: People) -> None:
    assert Person.defaults()["bookings"] == -1
    assert people.choices("active") == {1: "on", 0: "off", 2: "receives only"}
