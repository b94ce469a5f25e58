"""Outbox: what changes still have to do on the host and in the key-value store."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick
from opslib.query import Query

OPEN = "state=in:pending|running|failed|given_up"


class Page(ResourcePage):
    """The page of all effects."""

    resource = "effects"
    columns = ("since", "label", "subject", "state", "attempts", "due", "problem", "change_id")
    quick = (
        quick("Waiting", "state=is:pending"),
        quick("Failed", "state=is:failed"),
        quick("Given up", "state=is:given_up"),
        quick("Done", "state=is:done"),
    )
    hint = "Nothing waits. What a change has to do outside the database is listed here until it is done."
    intro = "Effects run right after their change and are tried again with growing pauses until they succeed."

    def _asked(self) -> Query:
        """What is still open, unless the address asks for something else."""
        return super()._asked() if self.location is not None and self.location.search else Query.from_url(OPEN)
