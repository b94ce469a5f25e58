"""Every resource by name, in menu order."""

from __future__ import annotations

from opslib.resource import Resource
from opslib.resources import alias_targets, rules, sogo  # noqa: F401 - guards and derivations register themselves
from opslib.resources.aliases import Aliases
from opslib.resources.app_passwords import AppPasswords
from opslib.resources.calendar_resources import Resources
from opslib.resources.mailboxes import Mailboxes
from opslib.resources.temporary_aliases import TemporaryAliases

KINDS: tuple[type[Resource], ...] = (Mailboxes, Aliases, TemporaryAliases, Resources, AppPasswords)

ALL: dict[str, type[Resource]] = {kind.name: kind for kind in KINDS}
