"""Aliases: addresses that deliver somewhere else."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all aliases."""

    resource = "aliases"
    quick = (
        quick("Active", "active=is:1"),
        quick("Inactive", "active=is:0"),
        quick("Catch-all", "is_catch_all=is:1"),
    )
    hint = "There are no aliases yet."
