"""Mailbox templates: what a new mailbox begins with."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage


class Page(ResourcePage):
    """The page of all mailbox templates."""

    resource = "mailbox_templates"
    columns = (
        "template",
        "quota",
        "rate_limit",
        "quarantine_notification",
        "tls_enforce_in",
        "tls_enforce_out",
        "force_pw_update",
        "tags",
        "active",
    )
    hint = "There are no mailbox templates."
