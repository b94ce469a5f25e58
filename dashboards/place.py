"""Where in the console a person is: the page's name and the page's own query string, as one address.

`/app?view=mailboxes&q=ann&page=2`: `view` names the page, the rest is its own.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import param

from dashboards.browser import Browser

NAME = "view"
ALSO = "page"  # accepted with a name, written by nobody: links of before


class Place(param.Parameterized):
    """What a page gets as `location`: its own query string, in both directions."""

    search = param.String(default="", doc='The page\'s own query string, with its question mark, or "".')


class Address:
    """The two-way street between the browser's address and the page that is shown."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.view = ""
        self.place = Place()

    def read(self) -> tuple[str, str]:
        """(page, own query string) of the browser's address."""
        return split(self.browser.search)

    def enter(self, view: str, search: str, replace: bool = False) -> Place:
        """Show a page under its address; gives a fresh place, which the page alone watches."""
        self.view, self.place = view, Place(search=search)
        self.place.param.watch(lambda _: self._moved(), "search")
        self._write(replace)
        return self.place

    def back(self) -> bool:
        """Follow the back button within the same page; False when it leads to another page."""
        view, search = self.read()
        if view != self.view:
            return False
        self.place.search = search
        return True

    def _moved(self) -> None:
        if self.read() != (self.view, self.place.search):
            self._write(replace=False)

    def _write(self, replace: bool) -> None:
        self.browser.param.update(replace=replace)
        self.browser.search = join(self.view, self.place.search)


def split(text: str) -> tuple[str, str]:
    """(page, own query string with its question mark) of a query string; the page is "" when none is named."""
    view, own = "", []
    for name, value in parse_qsl(text.lstrip("?"), keep_blank_values=True):
        if not view and (name == NAME or (name == ALSO and not value.isdecimal())):
            view = value
        else:
            own.append((name, value))
    return view, f"?{urlencode(own)}" if own else ""


def join(view: str, search: str) -> str:
    """The query string of `split`."""
    own = search.lstrip("?")
    return f"?{urlencode({NAME: view})}" + (f"&{own}" if own else "")
