"""Columns find their fields by name, label and what other programs call them."""

from __future__ import annotations

import pytest

from opslib.csvfile import by_hand, importable, matches
from opslib.csvfile.mapping import split_unit, units
from opslib.errors import UserError
from opslib.resources import ALL
from tests.opslib.resources.support import make_ops


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("username", "username"),
        ("E-Mail", "username"),
        ("Email Address [Required]", "username"),
        ("Full name", "full_name"),
        ("Display Name", "full_name"),
        ("quota MB", "quota"),
        ("Quota (GB)", "quota"),
        ("PASSWORD", "password"),
        ("tls_enforce_in", "tls_enforce_in"),
        ("TLS in", "tls_enforce_in"),
        ("shoe size", None),
    ],
)
def test_columns_of_mailboxes(engine, column, name):
    assert matches(make_ops(engine).mailboxes, [column]).get(0) == name


def test_targets_of_aliases(engine):
    found = matches(make_ops(engine).aliases, ["Address", "Targets"])
    assert found == {0: "address", 1: "goto"}


def test_a_field_is_taken_once_and_the_surest_column_wins(engine):
    mailboxes = make_ops(engine).mailboxes
    assert matches(mailboxes, ["email", "username", "login"]) == {1: "username"}
    assert matches(mailboxes, ["quota", "quota"]) == {0: "quota"}


def test_by_hand(engine):
    mailboxes = make_ops(engine).mailboxes
    assert by_hand(mailboxes, ["who", "quota"], {"who": "username", "quota": ""}) == {0: "username"}
    for chosen in ({"nobody": "quota"}, {"who": "shoes"}, {"who": "quota", "x": "quota"}):
        with pytest.raises(UserError):
            by_hand(mailboxes, ["who", "x"], chosen)


@pytest.mark.parametrize(
    ("column", "unit"),
    [("quota", ""), ("Quota (GB)", "GiB"), ("quota_bytes", "B"), ("quota MB", ""), ("Quota [TiB]", "TiB")],
)
def test_units_of_headers(column, unit):
    assert split_unit(column)[1] == unit


def test_units_are_for_sizes_only(engine):
    mailboxes = make_ops(engine).mailboxes
    columns = ["full name gb", "quota gb"]
    assert units(columns, {0: "full_name", 1: "quota"}, importable(mailboxes)) == {"quota": "GiB"}


@pytest.mark.parametrize("kind", ALL.values(), ids=list(ALL))
def test_every_header_of_an_export_finds_its_field(engine, kind):
    resource = make_ops(engine).resource(kind.name)
    names = [name for name, declared in resource.fields.items() if declared.csv and not declared.secret]
    assert list(matches(resource, names).values()) == names
