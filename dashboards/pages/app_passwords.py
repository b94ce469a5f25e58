"""App passwords: one secret for one program."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all app passwords."""

    resource = "app_passwords"
    quick = (
        quick("Active", "active=is:1"),
        quick("Inactive", "active=is:0"),
    )
    hint = "There are no app passwords yet."
