"""Aliases: addresses that deliver somewhere else."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all aliases."""

    resource = "aliases"
    title, group, icon = "Aliases", "Mail", "alternate_email"
    columns = (
        "id",
        "address",
        "goto",
        "domain",
        "sogo_visible",
        "public_comment",
        "private_comment",
        "internal",
        "active",
    )
    quick = (quick("Active", "active=is:1"), quick("Inactive", "active=is:0"), quick("Catch-all", "address=starts:@"))
    hint = "There are no aliases yet."
