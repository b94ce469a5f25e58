"""Mailboxes: who has one, how full it is, when it was used last."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all mailboxes."""

    resource = "mailboxes"
    quick = (
        quick("Active", "active=is:1"),
        quick("Receives only", "active=is:2"),
        quick("Inactive", "active=is:0"),
        quick("Nearly full", "percent_in_use=ge:90"),
    )
    hint = "There are no mailboxes yet. Add one, or bring many in from a CSV file."
