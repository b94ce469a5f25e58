"""The grid as a person meets it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect


def cell(page: Page, row: int, name: str) -> Any:
    return page.locator(".tabulator-row").nth(row).locator(f'.tabulator-cell[tabulator-field="{name}"]')


def type_into(page: Page, row: int, name: str, text: str) -> None:
    cell(page, row, name).click()
    field = cell(page, row, name).locator("input, textarea")
    field.fill(text)
    field.press("Enter")


def test_edit_review_commit_by_keyboard(sheet: Page, console: Any) -> None:
    type_into(sheet, 0, "weight", "701")
    type_into(sheet, 1, "size", "3 GiB")
    type_into(sheet, 2, "weight", "heavy")
    expect(cell(sheet, 0, "weight")).to_have_class(re.compile("ops-staged"))
    expect(cell(sheet, 2, "weight")).to_have_class(re.compile("ops-invalid"))
    expect(sheet.get_by_text("3 changes in 3 rows, 1 to be mended")).to_be_visible()
    sheet.keyboard.press("Control+Enter")
    expect(sheet.get_by_role("dialog")).to_contain_text("701")
    sheet.keyboard.press("Control+Enter")
    expect(sheet.get_by_text("1 change in 1 row, 1 to be mended")).to_be_visible()
    expect(cell(sheet, 0, "weight")).to_have_text("701")
    assert console.ops.parcels.get(2)["size"] == 3 << 30


def test_filter_chips_and_the_back_button(sheet: Page) -> None:
    sheet.get_by_label("Filter Owner").fill("person0000")
    expect(sheet.get_by_role("button", name="Owner contains person0000")).to_be_visible()
    sheet.get_by_role("button", name="Letters").click()
    expect(sheet.get_by_text("50 of the parcels match")).to_be_visible()
    expect(sheet.get_by_label("Filter Kind")).to_have_value("letter")
    sheet.get_by_role("button", name="Owner contains person0000").click()
    expect(sheet.get_by_label("Filter Owner")).to_have_value("")
    expect(sheet.get_by_text("2,500 of the parcels match")).to_be_visible()
    sheet.go_back()
    expect(sheet.get_by_text("50 of the parcels match")).to_be_visible()
    expect(sheet.get_by_label("Filter Owner")).to_have_value("person0000")


def test_a_link_shows_the_same_rows(console: Any, tab: Page) -> None:
    tab.goto(f"{console.url}?kind=is%3Aletter&sort=-weight&size=10")
    expect(tab.locator(".tabulator-row")).to_have_count(10)
    expect(tab.get_by_text("1–10 of 2,500")).to_be_visible()
    expect(tab.locator('.tabulator-col[aria-sort="descending"]')).to_contain_text("Weight")


def test_sorting_paging_and_selection(sheet: Page) -> None:
    sheet.get_by_role("button", name="Weight", exact=True).click()
    sheet.get_by_role("button", name="Weight", exact=True).click()
    expect(sheet.locator('.tabulator-col[aria-sort="descending"]')).to_contain_text("Weight")
    sheet.get_by_label("Select every row of this page").click()
    expect(sheet.get_by_text("25 selected")).to_be_visible()
    sheet.get_by_role("button", name="Go to next page").click()
    expect(sheet.get_by_text("26–50 of 5,000")).to_be_visible()
    sheet.locator(".tabulator-row input[type=checkbox]").first.click()
    expect(sheet.get_by_text("26 selected")).to_be_visible()
    sheet.get_by_role("button", name="Select all 5,000 that match").click()
    expect(sheet.get_by_text("5,000 selected")).to_be_visible()


def test_keys(sheet: Page) -> None:
    search = sheet.get_by_role("textbox", name="Search", exact=True)
    expect(search).to_be_visible()
    sheet.keyboard.press("/")
    expect(search).to_be_focused()
    sheet.keyboard.type("person00123")
    expect(sheet.locator(".tabulator-row")).to_have_count(10)
    row = sheet.locator(".tabulator-row").first
    row.focus()
    sheet.keyboard.press("ArrowDown")
    sheet.keyboard.press("Enter")
    expect(sheet.get_by_role("dialog")).to_contain_text("Parcel 1231")
    sheet.keyboard.press("Escape")
    expect(sheet.get_by_role("dialog")).to_have_count(0)
    row.focus()
    sheet.keyboard.press("n")
    expect(sheet.get_by_role("dialog")).to_contain_text("Add parcel")


def test_hostile_text_stays_text(sheet: Page) -> None:
    sheet.get_by_label("Filter Note").fill("<img")
    expect(sheet.get_by_text("1,000 of the parcels match")).to_be_visible()
    expect(cell(sheet, 0, "note")).to_contain_text("<img src=x")
    cell(sheet, 0, "kind").click()
    cell(sheet, 0, "kind").locator("select").select_option("odd")
    cell(sheet, 0, "note").click()
    sheet.keyboard.press("Escape")
    type_into(sheet, 0, "weight", "<img src=x onerror=document.title=1>")
    sheet.get_by_role("button", name="Review").click()
    expect(sheet.get_by_role("dialog")).to_contain_text("Odd <img")
    sheet.get_by_role("button", name="Commit the other").or_(sheet.get_by_role("button", name="Commit")).first.click()
    expect(sheet.get_by_role("dialog")).to_have_count(0)
    sheet.locator(".ops-edit").first.click()
    expect(sheet.get_by_role("dialog")).to_contain_text("Parcel 5")
    sheet.get_by_role("tab", name="State", exact=True).first.click()
    sheet.wait_for_timeout(500)
    assert sheet.evaluate("document.querySelectorAll('img[src=x]').length") == 0


def test_news_arrive_without_losing_what_was_typed(sheet: Page, console: Any) -> None:
    type_into(sheet, 10, "weight", "55")
    expect(sheet.get_by_text("1 change in 1 row")).to_be_visible()
    ops = console.ops
    ops.commit(ops.parcels.edit([11], {"weight": 444}))
    ops.commit(ops.parcels.edit([12], {"weight": 445}))
    expect(cell(sheet, 11, "weight")).to_have_text("445")
    expect(cell(sheet, 10, "weight")).to_have_text("55")
    expect(sheet.get_by_text("1 changed by someone else meanwhile")).to_be_visible()


def test_news_do_not_close_an_open_editor(sheet: Page, console: Any) -> None:
    cell(sheet, 12, "weight").click()
    field = cell(sheet, 12, "weight").locator("input")
    field.fill("6")
    ops = console.ops
    ops.commit(ops.parcels.edit([15], {"weight": 446}))
    sheet.wait_for_timeout(2500)
    field.press("Enter")
    expect(cell(sheet, 12, "weight")).to_have_text("6")
    expect(cell(sheet, 14, "weight")).to_have_text("446")


def test_a_backend_that_is_down_is_told_and_mended(sheet: Page, console: Any) -> None:
    console.flag.touch()
    try:
        sheet.get_by_label("Filter Owner").fill("1")
        expect(sheet.get_by_text("The database cannot be reached: <b>gone</b>")).to_be_visible()
    finally:
        console.flag.unlink()
    sheet.get_by_role("button", name="Try again").click()
    expect(sheet.get_by_text("cannot be reached")).to_be_hidden()


def test_nothing_matches(sheet: Page) -> None:
    sheet.get_by_label("Filter Owner").fill("nobody")
    expect(sheet.get_by_text("No parcels match these filters.")).to_be_visible()
    sheet.get_by_role("button", name="Clear filters").click()
    expect(sheet.get_by_text("1–25 of 5,000")).to_be_visible()


def test_a_phone(sheet: Page) -> None:
    sheet.set_viewport_size({"width": 400, "height": 800})
    expect(sheet.locator('.tabulator-col[tabulator-field="note"]')).to_be_hidden()
    sheet.locator(".tabulator-responsive-collapse-toggle").first.click()
    expect(sheet.locator(".ops-collapsed").first).to_contain_text("Weight")
    assert sheet.evaluate("document.documentElement.scrollWidth") <= 400
    sheet.locator(".ops-edit").first.click()
    expect(sheet.get_by_role("dialog")).to_be_visible()
    sheet.wait_for_timeout(500)
    assert sheet.get_by_role("dialog").bounding_box()["width"] >= 390
