"""The page of a resource: form, review, bulk change, verbs, address, news."""

from __future__ import annotations

import asyncio
from typing import Any

import param
import pytest
from parcels import NASTY

from dashboards import feed
from dashboards.resource_page import ResourcePage, quick
from opslib.errors import ServerError
from opslib.query import Condition


class Page(ResourcePage):
    resource = "parcels"
    quick = (quick("Letters", "kind=is:letter"),)


class Place(param.Parameterized):
    search = param.String(default="")


@pytest.fixture
def place(warehouse: Any, said: list[Any]) -> Page:
    made = Page(warehouse, Place())
    made.__panel__()
    return made


def edit(place: Page, key: int, name: str, value: Any) -> None:
    place.grid.heard({"type": "edit", "key": key, "field": name, "value": value})


def now(place: Page, key: int) -> dict[str, Any]:
    return place.rows.get(key)


# -- staged edits -------------------------------------------------------------------------------------------------
def test_staged_edits_are_reviewed_and_committed(place: Page, said: list[Any]) -> None:
    edit(place, 1, "weight", "700")
    edit(place, 2, "active", False)
    place.review_staged()
    assert place.review.is_open
    shown = place.review.body.object
    assert "<del>1</del>" in shown and "<ins>700</ins>" in shown
    assert now(place, 1)["weight"] == 1
    place.review.commit()
    assert not place.review.is_open
    assert now(place, 1)["weight"] == 700 and now(place, 2)["active"] is False
    assert not place.grid.staged.rows
    assert said == [("success", "1 was changed. 2 was changed.")]


def test_refused_rows_are_left_out_and_stay_staged(place: Page) -> None:
    edit(place, 1, "weight", "2000")
    edit(place, 2, "weight", "2000")
    place.review_staged()
    assert [o.subject for o in place.review.plan.refused] == ["1"]
    assert place.review.commit_button.label == "Commit the other 1"
    place.review.commit()
    assert now(place, 2)["weight"] == 2000 and now(place, 1)["weight"] == 1
    assert list(place.grid.staged.rows) == [1]


def test_a_conflict_names_who_and_can_be_taken_over(place: Page, warehouse: Any) -> None:
    edit(place, 1, "weight", "700")
    warehouse.commit(warehouse.parcels.edit([1], {"weight": 5}))
    place.review_staged()
    assert "ann" in place.review.body.object and place.review.reload_button.visible
    assert place.review.commit_button.disabled
    asyncio.run(place.review._renewed())
    assert not place.review.commit_button.disabled
    place.review.commit()
    assert now(place, 1)["weight"] == 700


def test_a_conflict_at_the_commit_keeps_the_dialog_open(place: Page, warehouse: Any) -> None:
    edit(place, 1, "weight", "700")
    place.review_staged()
    warehouse.commit(warehouse.parcels.edit([1], {"weight": 5}))
    place.review.commit()
    assert place.review.is_open and place.review.problem.visible and place.review.reload_button.visible
    asyncio.run(place.review._renewed())
    place.review.commit()
    assert now(place, 1)["weight"] == 700


def test_edits_to_be_mended_are_not_lost(place: Page, said: list[Any]) -> None:
    edit(place, 1, "weight", "heavy")
    place.review_staged()
    assert not place.review.is_open
    edit(place, 2, "weight", "9")
    place.review_staged()
    place.review.commit()
    assert [(key, e.typed) for key, _, e in place.grid.staged] == [(1, "heavy")]


def test_the_backend_may_fail_at_the_commit(place: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any) -> None:
        raise ServerError("database_down", "gone")

    edit(place, 1, "weight", "700")
    place.review_staged()
    monkeypatch.setattr(place.ops, "commit", down)
    place.review.commit()
    assert "cannot be reached" in place.review.problem.object
    assert place.grid.staged.count == 1 and not place.review.commit_button.disabled


# -- form ---------------------------------------------------------------------------------------------------------
def test_adding_shows_errors_at_their_fields_and_loses_nothing(place: Page) -> None:
    place.add()
    form = place.form.form
    assert form is not None and list(form.groups) == ["Parcel", "State"]
    form.entries["weight"].widget.value = "heavy"
    place.form.save()
    assert form.entries["owner"].widget.error_state and form.entries["weight"].widget.error_state
    assert form.entries["weight"].widget.value == "heavy"
    assert place.form.is_open
    form.entries["weight"].widget.value = "12"
    form.entries["owner"].widget.value = "new@example.org"
    place.form.save()
    assert not place.form.is_open
    assert place.grid.total == 101


def test_generated_secrets_are_shown_once(place: Page) -> None:
    place.add()
    place.form.form.entries["owner"].widget.value = "new@example.org"
    place.form.save()
    shown = place.review.revealed
    assert [copy.text for copy in shown.body] == ["s3cret-c0de"]
    shown.close()
    assert len(shown.body) == 0


def test_editing_sends_only_what_was_touched(place: Page) -> None:
    place.open_row(1)
    form = place.form.form
    assert {"id", "seen"} == set(form.sheet.read_only) and "id" not in form.entries
    form.entries["weight"].widget.value = "33"
    assert form.changed() == {"weight": "33"}
    place.form.save()
    assert now(place, 1)["weight"] == 33


def test_rules_across_fields_stand_at_their_field(place: Page) -> None:
    place.open_row(1)
    place.form.form.entries["weight"].widget.value = "3000"
    place.form.save()
    assert place.form.is_open and place.form.form.entries["weight"].widget.error_state


def test_warnings_are_shown_before_a_form_is_committed(place: Page) -> None:
    place.open_row(1)
    place.form.form.entries["kind"].widget.value = "box"
    place.form.save()
    assert place.review.is_open and now(place, 1)["kind"] == "letter"
    place.review.commit()
    assert now(place, 1)["kind"] == "box" and not place.form.is_open


def test_a_form_on_a_row_that_moved_keeps_what_was_typed(place: Page, warehouse: Any) -> None:
    place.open_row(1)
    place.form.form.entries["weight"].widget.value = "33"
    warehouse.commit(warehouse.parcels.edit([1], {"weight": 5}))
    place.form.save()
    assert place.form.reload_button.visible
    asyncio.run(place.form._reload())
    place.form.save()
    assert now(place, 1)["weight"] == 33


# -- many rows ----------------------------------------------------------------------------------------------------
def test_bulk_change_of_all_that_match(place: Page) -> None:
    place.grid.ask(conditions=[Condition("kind", "is", "letter")])
    place.grid.picked.everything()
    place.grid.heard({"type": "pick", "keys": [1], "on": False})
    place.change_many()
    place.bulk.field.value = "weight"
    place.bulk.entry.widget.value = "77"
    place.bulk.preview()
    assert place.review.plan.count == 48  # parcel 77 weighs 77 already
    place.review.commit()
    assert now(place, 3)["weight"] == 77 and now(place, 1)["weight"] == 1 and now(place, 2)["weight"] == 2


def test_bulk_change_refuses_a_wrong_value_at_the_field(place: Page) -> None:
    place.grid.heard({"type": "pick", "keys": [1, 2], "on": True})
    place.change_many()
    place.bulk.field.value = "weight"
    place.bulk.entry.widget.value = "heavy"
    place.bulk.preview()
    assert place.bulk.is_open and not place.review.is_open and place.bulk.entry.widget.error_state


def test_deleting_many_asks_for_the_count(place: Page) -> None:
    place.grid.heard({"type": "pick", "keys": list(range(1, 13)), "on": True})
    place.told("key:delete", None)
    assert "24 labels" in place.review.body.object
    assert place.review.commit_button.disabled
    place.review.typed.param.update(value_input="12", value="12")
    place.review.commit()
    assert place.grid.total == 88 and place.grid.selection_count == 0


def test_a_special_verb_asks_first(place: Page) -> None:
    place.grid.heard({"type": "pick", "keys": [1], "on": True})
    place.run(place.rows.verbs[0])
    place.form.save()
    assert place.form.form.entries["reason"].widget.error_state
    place.form.form.entries["reason"].widget.value = NASTY
    place.form.save()
    assert now(place, 1)["note"] == NASTY


def test_keys_do_nothing_behind_an_open_dialog(place: Page) -> None:
    place.add()
    place.told("key:delete", 1)
    assert not place.review.is_open
    place.told("key:escape", None)
    assert not place.form.is_open


# -- address and news ---------------------------------------------------------------------------------------------
def test_the_address_says_the_question_and_the_other_way_round(place: Page) -> None:
    place.grid.ask(sort=["-weight"], page_size=10)
    assert place.location.search == "?sort=-weight&size=10"
    place.location.search = "?q=person00001&page=1"
    assert place.grid.total == 10
    place.location.search = ""
    assert place.grid.total == 100


def test_news_of_other_sessions_refresh_the_page(place: Page, warehouse: Any) -> None:
    warehouse.commit(warehouse.parcels.edit([1], {"weight": 500}))
    feed.of(warehouse.site).asked = float("-inf")
    asyncio.run(place.poll())
    assert place.grid.shown.frame.at[1, "weight"] == 500


def test_hostile_text_is_never_markup(place: Page) -> None:
    edit(place, 1, "kind", "odd")
    edit(place, 2, "note", NASTY)
    place.review_staged()
    assert "<img" not in place.review.body.object and "&lt;img" in place.review.body.object
    place.grid.ask(search=NASTY)
    assert place.grid.total > 0 or place.grid.shown is not None
