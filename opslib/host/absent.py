"""No connection to the host: every verb waits in the outbox, visibly, until there is one."""

from __future__ import annotations

from opslib.host.base import Answer, HostAbsent, Service


class AbsentHost:
    """A host that cannot be reached for the given reason (a sentence for people; empty for the usual one)."""

    name = "absent"
    label = "No host connected"
    demo = False

    def __init__(self, reason: str = "") -> None:
        self.reason = reason

    def do(self, verb: str, **arguments: str) -> Answer:
        """Raise HostAbsent."""
        raise HostAbsent(self.reason)

    def services(self) -> list[Service]:
        """Raise HostAbsent."""
        raise HostAbsent(self.reason)
