"""Footers: text added to outgoing mail of a domain."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage


class Page(ResourcePage):
    """The page of all footers."""

    resource = "footers"
    hint = "There are no domains yet, so there are no footers."
