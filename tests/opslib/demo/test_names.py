"""The words of the demo: reserved domains only, plain local parts."""

from __future__ import annotations

from random import Random

import pytest

from opslib import names as naming
from opslib.demo import names

RESERVED = (".example", ".test", ".example.org", ".example.com", ".example.net")


@pytest.mark.parametrize("count", [3, 50, 500])
def test_organisations_are_distinct_reserved_domains_in_stored_form(count):
    found = names.organisations(Random(1), count)
    assert len(set(found)) == count
    assert all(name.endswith(RESERVED) and naming.domain(name) == name for name in found)
    assert any(name.startswith("xn--") for name in found)
    assert not set(found) & set(names.FOREIGN)


def test_organisations_avoid_what_is_taken():
    first = names.organisations(Random(1), 500)
    assert not set(first) & set(names.organisations(Random(1), 500, set(first)))


@pytest.mark.parametrize(
    ("name", "plain"), [("Müller", "muller"), ("Großmann", "grossmann"), ("O'Brien", "obrien"), ("Łukasz", "lukasz")]
)
def test_ascii_fold(name, plain):
    assert names.ascii_fold(name) == plain


def test_everybody_has_a_name_that_fits_an_address():
    for given, family in names.PEOPLE:
        for name in (*given.split(), *family.split()):
            assert naming.mailbox_local_part(names.ascii_fold(name)) == names.ascii_fold(name)
