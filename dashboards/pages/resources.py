"""Resources: rooms, groups and things that can be booked."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all bookable resources."""

    resource = "resources"
    columns = ("description", "username", "kind", "domain", "multiple_bookings", "active")
    quick = (
        quick("Active", "active=is:1"),
        quick("Inactive", "active=is:0"),
    )
    hint = "There are no resources yet: rooms, groups or things that calendars can book."
