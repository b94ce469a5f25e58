"""The client's address: the peer's, or what a configured proxy says of it (access.md 20.3)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN = "0.0.0.0"  # noqa: S104


def client_address(peer: str, forwarded: str = "", trusted: Sequence[Network] = ()) -> str:
    """Address of the client in canonical form.

    `forwarded` is the `X-Forwarded-For` header.  It is read only when the peer is a trusted proxy, from the right to the
    first address that is none; an entry that is no address ends the walk.
    """
    found = _read(peer)
    for hop in reversed(forwarded.split(",")):
        if found is None or not _within(found, trusted):
            break
        before = _read(hop)
        if before is None:
            break
        found = before
    return str(found) if found else UNKNOWN


def is_trusted(peer: str, trusted: Iterable[Network]) -> bool:
    """Whether the peer is one of the configured proxies."""
    found = _read(peer)
    return found is not None and _within(found, trusted)


def neighbourhood(address: str) -> str:
    """What attempts are counted by: the address, or the /64 an IPv6 customer has all to himself."""
    found = _read(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found) if found else UNKNOWN


def _read(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _within(address: _Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
