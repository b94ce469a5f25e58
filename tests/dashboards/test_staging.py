"""Staged edits without a table."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from parcels import Parcel

from dashboards.grid.staging import Staged


def staged() -> Staged:
    return Staged(Parcel.fields())


def test_typing_the_old_value_withdraws_the_edit() -> None:
    edits = staged()
    edits.stage(1, "weight", "7", 1)
    assert edits.stage(1, "weight", "1", 1) is None
    assert not edits.rows


def test_the_first_value_seen_stays_the_one_that_is_compared() -> None:
    edits = staged()
    edits.stage(1, "weight", "7", 1)
    edits.stage(1, "weight", "8", 7)
    assert edits.changes() == ({1: {"weight": 8}}, {1: {"weight": 1}})


def test_choices_that_are_looked_up_keep_their_type() -> None:
    edits = staged()
    edits.stage(1, "shelf", "2", 1)
    assert edits.changes()[0] == {1: {"shelf": 2}}


def test_what_was_typed_is_kept_although_it_is_wrong() -> None:
    edits = staged()
    edits.stage(1, "weight", "heavy", 1)
    mark = edits.marks(pd.DataFrame({"weight": [1]}, index=[1]))[1]["weight"]
    assert (mark["typed"], mark["text"], mark["kind"]) == ("heavy", "heavy", "invalid")
    assert edits.changes() == ({}, {})


def test_accepting_the_present_values_keeps_what_was_typed() -> None:
    edits = staged()
    edits.stage(1, "weight", "7", 1)
    edits.stage(2, "weight", "9", 1)
    edits.accept({1: {"weight": 5}, 2: {"weight": 9}})
    assert edits.changes() == ({1: {"weight": 7}}, {1: {"weight": 5}})


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["weight", "owner", "active"]), st.text(max_size=6))))
def test_the_count_is_that_of_the_cells(typed: list[tuple[int, str, str]]) -> None:
    edits = staged()
    for key, name, text in typed:
        edits.stage(key, name, text, None)
    cells: set[Any] = {(key, name) for key, name, _ in edits}
    assert edits.count == len(cells) == sum(len(row) for row in edits.rows.values())
    assert bool(edits.sentence) == bool(cells)
