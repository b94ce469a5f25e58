from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opslib.fields import RateLimit
from opslib.resources import quota_copies, tags
from opslib.resources.domains import limits

FLAGS = ("backupmx", "relay_all_recipients", "relay_unknown_only")
sound = st.sampled_from([(False, False, False), (True, False, False), (True, True, False), (True, True, True)])
words = st.lists(st.text(alphabet="aAäÄbB é", min_size=1, max_size=4).map(str.strip).filter(bool))


@given(sound, st.dictionaries(st.sampled_from(FLAGS), st.booleans()))
def test_relay_flags_always_agree(before: tuple[bool, bool, bool], changes: dict[str, bool]) -> None:
    standing = dict(zip(FLAGS, before, strict=True))
    values = {name: value for name, value in changes.items() if standing[name] != value}
    asked = dict(values)
    limits.imply_relaying(values, standing)
    after = {**standing, **values}
    assert after["relay_all_recipients"] or not after["relay_unknown_only"]
    assert after["backupmx"] or not after["relay_all_recipients"]
    assert all(after[name] for name, value in asked.items() if value)


@given(words)
def test_unique_tags_differ_for_the_database_and_cover_all(given_tags: list[str]) -> None:
    found = tags.unique(given_tags)
    assert len({tags.fold(tag) for tag in found}) == len(found)
    assert {tags.fold(tag) for tag in found} == {tags.fold(tag) for tag in given_tags}
    assert tags.unique(found) == found


@given(st.lists(st.text(max_size=9), max_size=4), st.booleans())
def test_copies_are_read_as_they_were_written(addresses: list[str], active: bool) -> None:
    assert quota_copies.decode(quota_copies.encode(addresses, active)) == (tuple(addresses), active)


@given(st.text())
def test_any_stored_copies_can_be_read(text: str) -> None:
    addresses, active = quota_copies.decode(text)
    assert isinstance(addresses, tuple)
    assert isinstance(active, bool)


@given(st.integers(1, 10**9), st.sampled_from("smhd"))
def test_rate_limits_survive_the_wire(number: int, frame: str) -> None:
    assert RateLimit.unwire(RateLimit.wire(f"{number}/{frame}")) == f"{number}/{frame}"


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_quotas_without_problems_are_in_order(default: int, largest: int, total: int) -> None:
    fine = not list(limits.quota_problems(default, largest, total))
    assert fine == (0 < default <= largest <= total)
