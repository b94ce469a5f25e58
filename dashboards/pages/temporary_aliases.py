"""Temporary aliases: addresses that end by themselves."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all temporary aliases."""

    resource = "temporary_aliases"
    quick = (quick("Permanent", "permanent=is:1"),)
    hint = "There are no temporary aliases yet."
