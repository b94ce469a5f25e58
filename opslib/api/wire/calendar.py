"""`resource` (addresses.md 13)."""

from __future__ import annotations

from opslib.api.wire import codec
from opslib.api.wire.category import Category
from opslib.api.wire.codec import In, Out


class Resources(Category):
    name = "resource"
    resource = "resources"
    singular = "resource"
    log = ("mailbox", "resource")
    items = "name"
    unknown = {"edit": ("resource_invalid", True)}
    said = {
        ("value_not_choice", "kind"): ("resource_invalid", False),
        ("field_needed", "domain"): ("domain_invalid", False),
    }
    outputs = {
        "name": codec.text("username"),
        "kind": codec.text("kind"),
        "multiple_bookings": codec.number("multiple_bookings"),
        "description": codec.text("description"),
        "active": codec.bit("active"),
        "active_int": codec.bit("active"),
        "domain": codec.text("domain"),
        "local_part": Out(lambda row, _: row["username"].rpartition("@")[0], codec.TEXT, ("username",)),
    }
    edited: dict[str, In] = {
        "description": codec.words("description"),
        "kind": codec.filled("kind", "location, group or thing"),
        "multiple_bookings": codec.filled("multiple_bookings", "-1 no limit but busy, 0 no limit, n at most n at once"),
        "active": codec.flag("active"),
    }
    added = {**edited, "domain": codec.words("domain"), "kind": codec.words("kind", "location, group or thing")}
