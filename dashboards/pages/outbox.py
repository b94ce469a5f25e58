"""Outbox: what changes still have to do on the host and in the key-value store."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all effects."""

    resource = name = "effects"
    title, group, icon = "Outbox", "Operations", "outbox"
    columns = ("since", "label", "subject", "state", "attempts", "due", "problem", "change_id")
    quick = (
        quick("Waiting", "state=is:pending"),
        quick("Failed", "state=is:failed"),
        quick("Given up", "state=is:given_up"),
    )
    hint = "Nothing waits. What a change has to do outside the database is listed here until it is done."
    intro = "Effects run right after their change and are tried again with growing pauses until they succeed."
