"""The grid: what is read, what is drawn, and what the browser may say."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from parcels import NASTY

from dashboards.grid import Grid
from opslib.errors import ServerError
from opslib.query import Condition, Query, Selection


@pytest.fixture
def grid(warehouse: Any) -> Grid:
    made = Grid(warehouse.parcels)
    asyncio.run(made.load())
    return made


def say(grid: Grid, **message: Any) -> None:
    grid.heard(message)


def rows(grid: Grid) -> list[dict[str, Any]]:
    return grid.table.shows("rows")


def test_only_one_page_is_read(grid: Grid) -> None:
    assert len(rows(grid)) == 25
    assert grid.total == 100
    assert rows(grid)[0]["cells"]["owner"] == "person000001@example.org"


def test_columns_follow_the_fields(grid: Grid) -> None:
    found = {column["name"]: column for column in json.loads(grid.table.spec)["columns"]}
    assert (found["active"]["kind"], found["active"]["filter"]) == ("flag", "list")
    assert (found["kind"]["kind"], found["kind"]["options"][0]) == ("choice", ["box", "Box"])
    assert (found["size"]["kind"], found["size"]["align"], found["size"]["filter"]) == ("text", "right", "text")
    assert found["id"]["key"] and not found["id"]["editable"]
    assert "code" not in found
    assert not found["seen"]["editable"]


def test_sizes_keep_their_precision_when_edited(grid: Grid) -> None:
    fifth = rows(grid)[4]
    assert (fifth["cells"]["size"], fifth["edit"]["size"]) == ("1.2 GiB", "1280 MiB")


def test_a_header_filter_becomes_a_condition_and_shows_it(grid: Grid) -> None:
    say(grid, type="filter", filters={"weight": "90", "owner": "0000", "active": "1"})
    wanted = [Condition("weight", "ge", "90"), Condition("owner", "contains", "0000"), Condition("active", "is", "1")]
    assert grid.query.conditions == wanted
    assert [row["key"] for row in rows(grid)] == [91, 92, 94, 95, 97, 98]
    assert grid.table.shows("state")["filters"] == {"weight": "90", "owner": "0000", "active": "1"}


@pytest.mark.parametrize(
    ("field", "text", "op", "value"),
    [
        ("size", "<=3 GiB", "le", "3 GiB"),
        ("size", "3 GiB", "ge", "3 GiB"),
        ("weight", "= 5", "is", "5"),
        ("owner", "^per", "starts", "per"),
        ("owner", "=ann", "is", "ann"),
    ],
)
def test_signs_choose_the_comparison(grid: Grid, field: str, text: str, op: str, value: str) -> None:
    say(grid, type="filter", filters={field: text})
    assert grid.query.conditions == [Condition(field, op, value)]
    assert not grid.trouble


def test_conditions_that_no_header_filter_can_say_are_kept(grid: Grid) -> None:
    grid.ask(conditions=[Condition("note", "filled"), Condition("owner", "contains", "1")])
    say(grid, type="filter", filters={})
    assert grid.query.conditions == [Condition("note", "filled")]


def test_sorting_by_several_columns(grid: Grid) -> None:
    say(grid, type="sort", sort=["-active", "weight"])
    assert grid.query.sort == ["-active", "weight"]
    assert rows(grid)[0]["key"] == 1


def test_what_the_browser_makes_up_is_dropped(grid: Grid) -> None:
    before = grid.query.to_url()
    for message in (
        "nonsense",
        {"type": "__class__"},
        {"type": "load"},
        {"type": "sort", "sort": ["code", "no_such"]},
        {"type": "filter", "filters": {"code": "x"}},
        {"type": "edit", "key": 1, "field": "id", "value": "7"},
        {"type": "edit", "key": 99999, "field": "weight", "value": "7"},
        {"type": "edit", "key": 1, "field": "weight", "value": {"a": 1}},
        {"type": "edit", "key": [1], "field": "weight", "value": "7"},
        {"type": "pick", "keys": [99999, "1"], "on": True},
        {"type": "open", "key": 99999},
    ):
        grid.heard(message)
    assert grid.query.to_url() == before
    assert not grid.staged.rows and not grid.picked.keys


def test_edits_are_staged_marked_and_survive_paging(grid: Grid, said: list[Any]) -> None:
    say(grid, type="edit", key=1, field="size", value="3 GiB")
    say(grid, type="edit", key=1, field="active", value=False)
    say(grid, type="edit", key=2, field="weight", value="heavy")
    marks = grid.table.shows("marks")
    assert marks["1"]["size"] == {"kind": "staged", "text": "3 GiB", "tip": "was: 256 MiB"}
    assert marks["2"]["weight"]["kind"] == "invalid"
    assert said == [("warning", "Weight of 2: “heavy” is not a whole number.")]
    grid.ask(page=2)
    assert "1" not in grid.table.shows("marks")
    grid.ask(sort=["-weight"])
    grid.ask(sort=[], page=1)
    assert grid.table.shows("marks")["1"]["size"]["kind"] == "staged"
    assert grid.staged.sentence == "3 changes in 2 rows, 1 to be mended"


def test_a_row_that_moved_under_a_staged_edit_is_flagged(grid: Grid, warehouse: Any) -> None:
    say(grid, type="edit", key=1, field="weight", value="7")
    warehouse.commit(warehouse.parcels.edit([1], {"weight": 500}))
    asyncio.run(grid.load())
    mark = grid.table.shows("marks")["1"]["weight"]
    assert (mark["kind"], mark["tip"]) == ("moved", "was: 1; by now: 500")
    assert grid.staged.changes() == ({1: {"weight": 7}}, {1: {"weight": 1}})


def test_selection_across_pages(grid: Grid) -> None:
    say(grid, type="pick", keys=[1, 2], on=True)
    grid.ask(page=2)
    say(grid, type="pick", keys=[26], on=True)
    assert grid.selection() == Selection.of(1, 2, 26)
    assert grid.table.shows("state")["picked"] == [26]
    grid.picked.everything()
    say(grid, type="pick", keys=[26], on=False)
    assert grid.selection_count == 99
    assert grid.selection().exclude == (26,)


def test_all_that_match_is_dropped_when_other_rows_match(grid: Grid) -> None:
    grid.picked.everything()
    grid.ask(conditions=[Condition("active", "is", "0")])
    assert grid.selection_count == 0


def test_trouble_is_told_in_words_and_mended(grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    grid.ask(conditions=[Condition("no_such", "is", "1")])
    assert grid.trouble == "Filter “no_such” is not understood."
    assert grid.mendable
    grid.clear()
    assert grid.trouble == ""

    def down(*_: Any) -> None:
        raise ServerError("database_down", "gone")

    monkeypatch.setattr(grid.resource, "page", down)
    asyncio.run(grid.load())
    assert grid.trouble == "The database cannot be reached: gone"
    assert not grid.mendable and not grid.busy


def test_the_newest_question_wins(grid: Grid) -> None:
    async def both() -> None:
        grid.query = Query(page=2)
        first = asyncio.ensure_future(grid.load())
        await asyncio.sleep(0)
        grid.query = Query(page=3)
        await asyncio.gather(first, grid.load())

    asyncio.run(both())
    assert grid.shown.query.page == 3
    assert rows(grid)[0]["key"] == 51


def test_columns_are_remembered_per_person(grid: Grid, warehouse: Any) -> None:
    asyncio.run(grid.choose_columns(["owner", "weight", "code", "no_such"]))
    again = Grid(warehouse.parcels)
    asyncio.run(again.recall())
    assert again.names == ["owner", "weight"]
    assert set(rows(again)[0]["cells"]) == {"owner", "weight"}


def test_hostile_text_travels_as_text(grid: Grid) -> None:
    assert rows(grid)[4]["cells"]["note"] == NASTY


def test_what_did_not_arrive_is_sent_again(grid: Grid) -> None:
    number = grid.table.sent["rows"]
    say(grid, type="got", part="state", number=grid.table.sent["state"])
    say(grid, type="got", part="marks", number=grid.table.sent["marks"])
    say(grid, type="got", part="nonsense", number=1)
    grid.table.again()
    assert grid.table.sent["rows"] == number
    grid.table.again()
    assert grid.table.sent["rows"] == number + 1
    say(grid, type="got", part="rows", number=number + 1)
    grid.table.again()
    grid.table.again()
    assert grid.table.sent["rows"] == number + 1
    assert len(rows(grid)) == 25


def test_clicks_on_the_page_before_are_understood(grid: Grid) -> None:
    grid.ask(sort=["-weight"])
    say(grid, type="pick", keys=[1, 2], on=True)
    say(grid, type="edit", key=1, field="weight", value="7")
    assert grid.picked.keys == [1, 2]
    assert grid.staged.changes() == ({1: {"weight": 7}}, {1: {"weight": 1}})


def test_a_new_question_is_not_undone_by_the_answer_to_the_old_one(grid: Grid) -> None:
    async def overtaken() -> None:
        old = asyncio.ensure_future(grid.load())
        await asyncio.sleep(0)
        grid._ticket += 1
        grid.query = Query(sort=["-weight"])
        await old

    asyncio.run(overtaken())
    assert grid.query.sort == ["-weight"]


def test_nobody_there_is_sent_nothing_for_ever(grid: Grid) -> None:
    for _ in range(50):
        grid.table.again()
    assert grid.table.sent["rows"] < 15
