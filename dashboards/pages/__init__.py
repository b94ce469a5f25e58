"""Every page of the console as data, in menu order.  A page's module is imported when it is first opened."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page: its place in the menu, and the module that holds its class `Page(ops, location)`.

    `resource` is what the actor must be able to see for the page to be offered (None = everybody of `roles`).
    """

    title: str
    group: str
    icon: str
    module: str
    resource: str | None = None
    roles: tuple[str, ...] = ("admin", "domainadmin")

    def load(self) -> Any:
        """The page's class."""
        return import_module(self.module).Page


def _page(title: str, group: str, icon: str, name: str, resource: str | None = "", **given: Any) -> PageSpec:
    return PageSpec(title, group, icon, f"dashboards.pages.{name}", name if resource == "" else resource, **given)


PAGES: dict[str, PageSpec] = {
    "domains": _page("Domains", "Mail", "dns", "domains"),
    "mailboxes": _page("Mailboxes", "Mail", "inbox", "mailboxes"),
    "aliases": _page("Aliases", "Mail", "alternate_email", "aliases"),
    "alias_domains": _page("Alias domains", "Mail", "swap_horiz", "alias_domains"),
    "resources": _page("Resources", "Mail", "meeting_room", "resources"),
    "activity": _page("Activity", "Operations", "history", "activity", None),
    "outbox": _page("Outbox", "Operations", "outbox", "outbox", None, roles=("admin",)),
}
