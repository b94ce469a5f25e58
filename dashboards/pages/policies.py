"""Allow and deny lists: senders that skip or fail the spam filter."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage


class Page(ResourcePage):
    """The page of all list entries."""

    resource = "policies"
    hint = "There are no entries yet."
