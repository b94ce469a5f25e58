"""`mta-sts` (addresses.md 7.8)."""

from __future__ import annotations

from opslib.api.calls import Call, Written
from opslib.api.wire import codec
from opslib.api.wire.category import Category


class MtaSts(Category):
    name = "mta-sts"
    resource = "mta_sts"
    singular = "MTA-STS policy"
    log = ("mailbox", "mta_sts")
    items = "domains"
    verbs = ("add", "edit")
    said = {
        ("value_not_choice", "version"): ("version_invalid", True),
        ("value_not_choice", "mode"): ("mode_invalid", True),
        **{
            (key, "max_age"): ("max_age_invalid", True)
            for key in ("value_not_number", "value_too_small", "value_too_large", "max_age_invalid")
        },
        ("field_needed", "domain"): ("access_denied", False),
        ("domain_not_found", "domain"): ("access_denied", False),
    }
    edited = {
        "version": codec.filled("version", "stsv1"),
        "mode": codec.filled("mode", "enforce, testing or none"),
        "mx": codec.many("mx"),
        "max_age": codec.filled("max_age", "seconds"),
        "active": codec.flag("active"),
    }
    added = {"domain": codec.words("domain"), **edited, "version": codec.words("version"), "mode": codec.words("mode")}

    def add(self, call: Call) -> Written:
        """Success is told in general words only."""
        done = super().add(call)
        return Written([item for item in done.items if item.key != "object_modified"], done.done)
