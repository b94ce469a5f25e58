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


ADMIN = ("admin",)

PAGES: dict[str, PageSpec] = {
    "domains": _page("Domains", "Mail", "domain", "domains"),
    "alias_domains": _page("Alias domains", "Mail", "alt_route", "alias_domains"),
    "mailboxes": _page("Mailboxes", "Mail", "inbox", "mailboxes"),
    "aliases": _page("Aliases", "Mail", "alternate_email", "aliases"),
    "temporary_aliases": _page("Temporary aliases", "Mail", "timer", "temporary_aliases"),
    "resources": _page("Resources", "Mail", "meeting_room", "resources"),
    "app_passwords": _page("App passwords", "Access", "key", "app_passwords"),
    "api": _page("API", "Access", "api", "api", "api_keys", roles=ADMIN),
    "policies": _page("Allow and deny lists", "Mail flow", "rule", "policies"),
    "footers": _page("Footers", "Mail flow", "notes", "footers"),
    "mta_sts": _page("MTA-STS policies", "Mail flow", "verified_user", "mta_sts"),
    "domain_templates": _page("Domain templates", "Templates", "dashboard_customize", "domain_templates", roles=ADMIN),
    "mailbox_templates": _page(
        "Mailbox templates", "Templates", "dashboard_customize", "mailbox_templates", roles=ADMIN
    ),
    "activity": _page("Activity", "Operations", "history", "activity", None),
    "outbox": _page("Outbox", "Operations", "outbox", "outbox", None, roles=ADMIN),
}
