"""API keys: how they are made and recognised, where they may come from, how long they last (access.md 10.1, 10.2)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from opslib.errors import UserError
from opslib.site import Site

GROUP = 6
CONTRACT_GROUPS, NAMED_GROUPS = 5, 8  # 120 and 192 bits
_SPAN = re.compile(r"(\d{1,5})\s*([hdwy])", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 168, "y": 8760}


def make(site: Site, groups: int) -> str:
    """A new key: groups of six upper-case hexadecimal characters joined by dashes."""
    text = sha256(site.token(32).encode()).hexdigest().upper()[: groups * GROUP]
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def cleaned(given: str) -> str:
    """A key as it was sent, without anything that is no letter, digit or dash."""
    return re.sub(r"[^A-Za-z0-9-]", "", given[:512])


def same(one: str, other: str) -> bool:
    """Case-sensitive comparison in constant time."""
    return compare_digest(one.encode(), other.encode())


def digest(key: str) -> str:
    """What is stored of a named key.  A key is random and long: one round of SHA-256 is enough."""
    return sha256(key.encode()).hexdigest()


def network(entry: str) -> str:
    """An address or network in canonical form.

    Raises
    ------
    UserError
        `ip_invalid` with the entry.
    """
    try:
        found = ipaddress.ip_network(entry.strip(), strict=False)
    except ValueError:
        raise UserError("ip_invalid", entry) from None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def allowed(address: str, entries: Iterable[str]) -> bool:
    """Whether an address is one of the entries or within one of them; unreadable entries allow nothing."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(_within(found, entry) for entry in entries)


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, entry: str) -> bool:
    try:
        return address in ipaddress.ip_network(entry.strip(), strict=False)
    except ValueError:
        return False


def until(text: str, now: datetime) -> datetime:
    """Moment meant by a span such as 12h, 90d, 6w or 1y from now.

    Raises
    ------
    UserError
        `value_not_moment` when it is no span.
    """
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise UserError("value_not_moment", text)
    return now + timedelta(hours=int(found[1]) * _HOURS[found[2].lower()])
