"""Alias domains: domains whose addresses are those of another domain."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all alias domains."""

    resource = "alias_domains"
    quick = (
        quick("Active", "active=is:1"),
        quick("Inactive", "active=is:0"),
    )
    hint = "There are no alias domains yet. An alias domain takes over every address of its target."
