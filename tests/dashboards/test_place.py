"""The address of a page: what is the console's and what is the page's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.browser import Browser
from dashboards.place import Address, join, split
from opslib.query import Query

NAMES = st.from_regex(r"[a-z_]{1,20}", fullmatch=True)


def test_split() -> None:
    assert split("?view=mailboxes&q=ann&page=2") == ("mailboxes", "?q=ann&page=2")
    assert split("") == ("", "")
    assert split("?page=outbox") == ("outbox", "")
    assert split("?page=2") == ("", "?page=2")
    assert split("?view=a&view=b") == ("a", "?view=b")


@given(NAMES, st.text(), st.lists(NAMES), st.integers(1, 99))
def test_both_ways(view: str, search: str, sort: list[str], page: int) -> None:
    own = Query(search=search, sort=sort, page=page).to_url()
    found, rest = split(join(view, f"?{own}" if own else ""))
    assert found == view
    assert Query.from_url(rest).to_url() == own


@given(st.text())
def test_any_address_can_be_read(text: str) -> None:
    view, own = split(text)
    assert own == "" or own.startswith("?")
    if view:
        assert split(join(view, own)) == (view, own)


def test_the_page_moves_the_address() -> None:
    browser = Browser(search="")
    address = Address(browser)
    place = address.enter("mailboxes", "?q=ann", replace=True)
    assert (browser.search, browser.replace) == ("?view=mailboxes&q=ann", True)
    place.search = "?q=bob"
    assert (browser.search, browser.replace) == ("?view=mailboxes&q=bob", False)


def test_back_within_a_page_and_to_another() -> None:
    browser = Browser()
    address = Address(browser)
    place = address.enter("mailboxes", "")
    seen: list[str] = []
    place.param.watch(lambda event: seen.append(event.new), "search")
    browser.search = "?view=mailboxes&q=ann"
    assert address.back()
    assert seen == ["?q=ann"]
    browser.search = "?view=aliases"
    assert not address.back()


def test_a_page_that_is_gone_moves_nothing() -> None:
    browser = Browser()
    address = Address(browser)
    old = address.enter("mailboxes", "")
    address.enter("aliases", "")
    old.search = "?q=late"
    assert browser.search == "?view=aliases"
