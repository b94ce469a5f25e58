"""Domains: what each holds, and its limits."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all domains."""

    resource = "domains"
    quick = (
        quick("Active", "active=is:1"),
        quick("Inactive", "active=is:0"),
        quick("Relayed", "backupmx=is:1"),
    )
    hint = "There are no domains yet. A domain comes first: mailboxes and aliases live in it."
