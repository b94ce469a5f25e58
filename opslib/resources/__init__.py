"""Every resource by name, in menu order."""

from __future__ import annotations

from opslib.resource import Resource
from opslib.resources.mailboxes import Mailboxes

KINDS: tuple[type[Resource], ...] = (Mailboxes,)

ALL: dict[str, type[Resource]] = {kind.name: kind for kind in KINDS}
