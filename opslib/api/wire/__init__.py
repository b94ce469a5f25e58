"""What the contract's API offers, derived from the resources through declared names and encodings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Protocol

from opslib.api.calls import Route
from opslib.api.wire.alias_domains import AliasDomains
from opslib.api.wire.aliases import Aliases
from opslib.api.wire.app_passwords import AppPasswords
from opslib.api.wire.calendar import Resources
from opslib.api.wire.domains import Domains
from opslib.api.wire.footers import Footers
from opslib.api.wire.mailboxes import Mailboxes
from opslib.api.wire.mta_sts import MtaSts
from opslib.api.wire.own import Own
from opslib.api.wire.policies import Policies
from opslib.api.wire.rate_limits import RateLimits
from opslib.api.wire.reading import Reading
from opslib.api.wire.searching import Searching
from opslib.api.wire.settings import Settings
from opslib.api.wire.switches import SWITCHES, Resets
from opslib.api.wire.templates import DomainTemplates, MailboxTemplates
from opslib.api.wire.temporary_aliases import TemporaryAliases


class Group(Protocol):
    """What has addresses."""

    def routes(self) -> Iterator[Route]:
        """All of them."""


DOMAINS, MAILBOXES = Domains(), Mailboxes()

GROUPS: tuple[Group, ...] = (
    DOMAINS,
    AliasDomains(),
    MAILBOXES,
    *SWITCHES,
    Resets(),
    Reading(),
    Aliases(),
    TemporaryAliases(),
    Resources(),
    AppPasswords(),
    Policies("domain", "domain"),
    Policies("mailbox", "username"),
    RateLimits(),
    Footers(),
    MtaSts(),
    DomainTemplates(),
    MailboxTemplates(),
    Settings(),
    Own(),
    Searching(DOMAINS, MAILBOXES),
)


@cache
def routes() -> tuple[Route, ...]:
    """Every address; the more exact ones come before those with parameters in their place."""
    found = [route for group in GROUPS for route in group.routes()]
    return tuple(sorted(found, key=lambda route: (route.path.count("{"), -len(route.path))))
