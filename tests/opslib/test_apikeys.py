"""Keys, where they may come from, and how long they last."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from opslib import apikeys
from opslib.errors import UserError
from tests.opslib.resources.support import make_site

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADDRESSES = st.ip_addresses()


def test_form_of_keys(engine: sa.Engine) -> None:
    site = make_site(engine)
    keys = {apikeys.make(site, apikeys.CONTRACT_GROUPS) for _ in range(50)}
    assert len(keys) == 50
    assert all(
        re.fullmatch(r"([0-9A-F]{6}-){4}[0-9A-F]{6}", key) and apikeys.cleaned(f" {key}\n") == key for key in keys
    )
    assert len(apikeys.make(site, apikeys.NAMED_GROUPS).split("-")) == apikeys.NAMED_GROUPS


@given(ADDRESSES)
def test_an_address_allows_itself_only(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    entry = apikeys.network(str(address))
    assert apikeys.allowed(str(address), [entry])
    assert not apikeys.allowed(str(address + 1 if int(address) % 2 == 0 else address - 1), [entry])


@given(ADDRESSES, st.integers(0, 32))
def test_a_network_allows_what_is_in_it(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> None:
    network = ipaddress.ip_network((address, bits), strict=False)
    assert apikeys.allowed(str(network[0]), [apikeys.network(str(network))])


@given(st.text(max_size=20))
def test_nonsense_allows_nothing(text: str) -> None:
    assert not apikeys.allowed(text, ["not an address", ""])
    try:
        apikeys.network(text)
    except UserError as error:
        assert error.key == "ip_invalid"


@pytest.mark.parametrize(
    ("text", "span"), [("12h", timedelta(hours=12)), (" 90 D ", timedelta(days=90)), ("1y", timedelta(365))]
)
def test_spans(text: str, span: timedelta) -> None:
    assert apikeys.until(text, NOW) == NOW + span


@pytest.mark.parametrize("text", ["", "d", "-1d", "1m", "1.5d", "999999d"])
def test_no_spans(text: str) -> None:
    with pytest.raises(UserError):
        apikeys.until(text, NOW)
