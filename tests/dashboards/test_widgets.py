"""Entries of forms: every kind of field finds its widget, and gives back what it was given."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.widgets import entry, strength, unique
from opslib.fields import Bits, Bytes, Choice, Flag, Integer, Json, Lines, Multiline, Secret, Tags, Text
from opslib.record import Record


class Everything(Record):
    text = Text(label="Text")
    number = Integer(label="Number")
    size = Bytes(label="Size")
    flag = Flag(label="Flag")
    choice = Choice(label="Choice", choices={1: "one", 2: "two"})
    lines = Lines(label="Lines")
    tags = Tags(label="Tags")
    bits = Bits(label="Bits", choices={"read": "May read", "write": "May write"})
    long = Multiline(label="Long")
    data = Json(label="Data")
    secret = Secret(label="Secret")


FIELDS = Everything.fields()
VALUES: dict[str, Any] = {
    "text": "some",
    "number": 7,
    "size": 1342177280,
    "flag": True,
    "choice": 2,
    "lines": ("a", "b"),
    "tags": ("big box", "small"),
    "bits": ("write",),
    "long": "one\ntwo",
    "data": {"a": "1"},
}


@pytest.mark.parametrize("name", VALUES)
def test_an_untouched_entry_gives_the_value_back(name: str) -> None:
    field = FIELDS[name]
    made = entry(field, VALUES[name], field.choices if isinstance(field.choices, dict) else None)
    assert field.parse(made.raw) == VALUES[name]
    assert not made.touched


@pytest.mark.parametrize("name", FIELDS)
def test_every_entry_shows_an_error(name: str) -> None:
    field = FIELDS[name]
    made = entry(field, VALUES.get(name), field.choices if isinstance(field.choices, dict) else None)
    made.fail("<b>wrong</b>")
    made.fail("")


def test_a_choice_that_is_not_made_is_not_pretended() -> None:
    assert entry(FIELDS["choice"], None, FIELDS["choice"].choices).raw is None


def test_labels_that_occur_twice_carry_their_value() -> None:
    assert unique({1: "same", 2: "same", 3: "other"}) == {"same (1)": 1, "same (2)": 2, "other": 3}


@pytest.mark.parametrize(
    ("password", "word"), [("", "weak"), ("aaaaaaaaaaaaaaaaaaaa", "weak"), ("correct-Horse-7-battery", "strong")]
)
def test_strength(password: str, word: str) -> None:
    assert strength(password)[1] == word


def test_a_generated_secret_is_typed_for_the_person() -> None:
    made = entry(FIELDS["secret"])
    made.generate.clicks += 1
    assert len(made.raw) >= 16 and made.touched
