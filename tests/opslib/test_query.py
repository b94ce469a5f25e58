from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from opslib.errors import UserError
from opslib.ops import Ops
from opslib.query import OPERATORS, Condition, Page, Query, Selection
from tests.opslib.resources.support import ADMIN, MIB, make_site
from tests.opslib.sample import People, Person, fill, person

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=15)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=10).filter(lambda name: name not in Query.RESERVED)
QUERIES = st.builds(
    lambda search, conditions, sort, page, size: Query(
        search=search, conditions=conditions, sort=sort, page=page, page_size=size
    ),
    TEXT,
    st.lists(st.builds(Condition, NAMES, st.sampled_from(sorted(OPERATORS)), TEXT), max_size=4),
    st.lists(st.builds("{}{}".format, st.sampled_from(["", "-"]), NAMES), max_size=3),
    st.integers(1, 10**6),
    st.integers(1, 1000),
)


def parts(query: Query) -> tuple[Any, ...]:
    return query.search, query.conditions, query.sort, query.page, query.page_size


@given(query=QUERIES)
def test_url_round_trip(query: Query) -> None:
    assert parts(Query.from_url(query.to_url())) == parts(query)
    assert parts(Query.from_url("?" + query.to_url())) == parts(query)


@given(text=st.text(max_size=80))
def test_any_url_is_a_question(text: str) -> None:
    query = Query.from_url(text)
    assert parts(Query.from_url(query.to_url())) == parts(query)


@pytest.mark.parametrize("text", ["page=0", "page=-1", "page=x", "size=0", "size=1e9", "size=99999999", "page=²"])
def test_unreadable_numbers_are_defaults(text: str) -> None:
    query = Query.from_url(text)
    assert query.page == 1 and 1 <= query.page_size <= 1000


def test_defaults_are_left_out_of_urls() -> None:
    assert Query().to_url() == "" and not Query().narrows
    assert Query.from_url("size=50", page_size=10).page_size == 50
    assert Query.from_url("", page_size=10).to_url(10) == ""


@pytest.fixture
def people(engine: sa.Engine) -> People:
    site = make_site(engine)
    fill(
        site,
        person(
            "ann",
            name="Ann Ü. Müller",
            quota=1024 * MIB,
            description="a,bc,100%",
            attributes={"tls_enforce_in": "1", "size": "XL"},
        ),
        person("bob", name="50% off_all", description="ab", quota=0, active=0, attributes={"tls_enforce_in": "0"}),
        person("cid", name="", quota=2048 * MIB, active=2, attributes=None),
        person("dan", "example.net", name=None, quota=512 * MIB, attributes={"tls_enforce_in": None, "size": "l"}),
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE mailbox SET created = '2026-01-31 12:00:00'")
        connection.exec_driver_sql("UPDATE mailbox SET created = '2026-02-01 12:00:00' WHERE local_part = 'dan'")
    return People(Ops(site, ADMIN))


def found(people: People, **where: Any) -> str:
    return " ".join(key.partition("@")[0] for key in people.frame(Query.where(**where), ["username"]).index)


CASES: list[tuple[dict[str, Any], str]] = [
    ({"username__contains": "N"}, "ann dan"),
    ({"username__contains": "NET"}, "dan"),
    ({"username__starts": "A"}, "ann"),
    ({"username__is": "ANN@example.org"}, "ann"),
    ({"username__not": "ann@example.org"}, "bob cid dan"),
    ({"username__in": ["ann@example.org", "dan@example.net", "nobody@example.org"]}, "ann dan"),
    ({"username__ge": "cid@example.org"}, "cid dan"),
    ({"full_name__contains": "%"}, "bob"),
    ({"full_name__contains": "_"}, "bob"),
    ({"full_name__starts": "50%"}, "bob"),
    ({"full_name__contains": "Müller"}, "ann"),
    ({"full_name__contains": "' OR 1=1 --"}, ""),
    ({"full_name__contains": "\\"}, ""),
    ({"full_name__empty": ""}, "cid dan"),
    ({"full_name__filled": ""}, "ann bob"),
    ({"full_name__not": "50% off_all"}, "ann cid dan"),
    ({"quota__ge": "1 GiB"}, "ann cid"),
    ({"quota__le": "512"}, "bob dan"),
    ({"quota__is": "0"}, "bob"),
    ({"quota__in": ["0", "2 GiB"]}, "bob cid"),
    ({"quota__contains": "1073741824"}, "ann"),
    ({"active__is": "on"}, "ann dan"),
    ({"active__in": ["0", "receives only"]}, "bob cid"),
    ({"active__not": "1"}, "bob cid"),
    ({"bookings__is": "-1"}, "ann bob cid dan"),
    ({"tls__is": "yes"}, "ann"),
    ({"tls__is": "no"}, "bob cid dan"),
    ({"tls__not": "1"}, "bob cid dan"),
    ({"size__contains": "L"}, "ann dan"),
    ({"size__starts": "x"}, "ann"),
    ({"size__empty": ""}, "bob cid"),
    ({"size__filled": ""}, "ann dan"),
    ({"made__ge": "2026-02-01"}, "dan"),
    ({"words__is": "A"}, "ann"),
    ({"words__in": ["ab", "bc"]}, "ann bob"),
    ({"words__not": "a"}, "bob cid dan"),
    ({"words__is": "100%"}, "ann"),
    ({"words__contains": "b"}, "ann bob"),
    ({"words__empty": ""}, "cid dan"),
    ({"full_name__is": ""}, "dan"),
    ({"full_name__not": ""}, "ann bob cid"),
    ({"made__le": "2026-01-31T12:00:00Z"}, "ann bob cid"),
    ({"domain__is": "example.org", "quota__ge": "1"}, "ann cid"),
    ({"search": "ann"}, "ann"),
    ({"search": "example aNN"}, "ann"),
    ({"search": "100%"}, ""),
    ({"sort": "-quota"}, "cid ann dan bob"),
    ({"sort": ["active", "-username"]}, "bob dan ann cid"),
    ({}, "ann bob cid dan"),
]


@pytest.mark.parametrize(("where", "expected"), CASES, ids=lambda case: str(case)[:50])
def test_operators(people: People, where: dict[str, Any], expected: str) -> None:
    assert found(people, **where) == expected
    assert people.count(Query.where(**where)) == len(expected.split())


REFUSED = [
    {"nothing__is": "x"},
    {"username__like": "x"},
    {"username__is); DROP TABLE mailbox; --": "x"},
    {"password__is": "x"},
    {"password__contains": "{"},
    {"attributes__contains": "x"},
    {"sort": "password"},
    {"sort": "quota; DROP TABLE mailbox"},
    {"sort": "-nothing"},
    {"quota__ge": "much"},
    {"words__ge": "a"},
    {"full_name__ge": ""},
    {"full_name__in": ["a", ""]},
    {"search": "\ud800"},
    {"active__is": "perhaps"},
    {"made__ge": "yesterday"},
]


@pytest.mark.parametrize("where", REFUSED, ids=str)
def test_unknown_things_are_refused(people: People, where: dict[str, Any]) -> None:
    with pytest.raises(UserError) as refusal:
        found(people, **where)
    assert str(refusal.value)
    assert people.count() == 4


def test_unknown_names_are_refused(people: People) -> None:
    for name in ("password", "nothing", "username; --"):
        with pytest.raises(UserError):
            people.page(names=[name])


HOSTILE = ["'", '"', "\\", "%", "_", "\x00", "' OR '1'='1", "a|b", "\ud800", "😀" * 50, "\n"]


@pytest.mark.parametrize("op", sorted(OPERATORS))
@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_hostile_values(people: People, op: str, value: str) -> None:
    """An answer or a refusal in words; never an error of the database."""
    for name in people.expressions:
        try:
            people.count(Query(conditions=[Condition(name, op, value)]))
        except UserError as error:
            assert str(error)
    try:
        people.count(Query(search=value))
    except UserError as error:
        assert str(error)


def test_sentence() -> None:
    query = Query.where("ann", full_name__contains="x", active__in=["1", "0"], quota__empty="", gone="1")
    assert query.sentence(Person) == "“ann” and Name contains x and Active is one of 1, 0 and Quota is empty"
    assert Query().sentence(Person) == ""


def test_pages_of_nothing() -> None:
    assert Page(pd.DataFrame(), 0, Query()).pages == 1
    assert Page(pd.DataFrame(), 51, Query(page_size=25)).pages == 3


def test_selections() -> None:
    query = Query(search="x")
    assert Selection.read("a").keys == ("a",)
    assert Selection.read(3).keys == (3,)
    assert Selection.read(["a", "b", "a"]).keys == ("a", "b")
    assert Selection.read(pd.DataFrame(index=["a"])).keys == ("a",)
    assert Selection.read(query) == Selection.matching(query)
    assert Selection.read(Selection.of("a")) == Selection.of("a")


def test_copy_changes_only_what_is_named() -> None:
    query = Query.where("x", quota__ge="1", sort="-quota")
    assert parts(query.copy(page=3)) == ("x", [Condition("quota", "ge", "1")], ["-quota"], 3, 25)
