from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslib import fields
from opslib.errors import UserError
from opslib.fields import MIB, Field
from opslib.record import Record

WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=20)
HOSTILE = [
    "\x00",
    "a\x00b",
    "a\nb",
    "\x1b[31m",
    "\ud800",
    "'; DROP TABLE mailbox; --",
    "<script>alert(1)</script>",
    "{0.__class__}",
    "%s%n",
    "9" * 400,
    "-" * 400,
    "１２",
    "NaN",
    "inf",
    "1e999",
    [],
    {},
    [[]],
    object(),
    float("nan"),
    float("inf"),
    -(2**70),
    b"\xff",
]


class Sample(Record):
    text = fields.Text(label="Text", length=30)
    word = fields.Text(label="Word", pattern="[a-z]+", nullable=True)
    lines = fields.Multiline(label="Lines")
    number = fields.Integer(label="Number", bounds=(-5, 1000))
    fraction = fields.Decimal(label="Fraction")
    size = fields.Bytes(label="Size", bounds=(0, None))
    coarse = fields.Bytes(label="Coarse", per=MIB, bounds=(0, None))
    flag = fields.Flag(label="Flag")
    choice = fields.Choice(label="Choice", choices={1: "on", 0: "off", 2: "receives"}, default=1)
    domain = fields.DomainName(label="Domain")
    address = fields.Address(label="Address")
    items = fields.Lines(label="Items", separator=",")
    tags = fields.Tags(label="Tags")
    bits = fields.Bits(label="Bits", choices={"a": "A", "b": "B", "c": "C"})
    secret = fields.Secret(label="Secret")
    at = fields.Moment(label="At")
    until = fields.Epoch(label="Until")
    notes = fields.Json(label="Notes")
    rate = fields.RateLimit(label="Rate")


SAMPLE = Sample.fields()
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)
ITEM = st.text("abcdefghijk.-_üß", min_size=1, max_size=12)
SIZES = st.integers(0, (1 << 63) - 1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": WORDS.map(str.strip),
    "word": st.one_of(st.none(), st.text("abcxyz", min_size=1)),
    "lines": st.one_of(st.just(""), WORDS.map(lambda word: f"{word}\n\t{word}\n")),
    "number": st.integers(-5, 1000),
    "fraction": st.floats(allow_nan=False, allow_infinity=False),
    "size": SIZES,
    "coarse": SIZES.map(lambda size: size - size % MIB),
    "flag": st.booleans(),
    "choice": st.sampled_from([0, 1, 2]),
    "domain": st.sampled_from(["example.org", "xn--mnchen-3ya.de", "a-b.c.example"]),
    "address": st.sampled_from(["a@example.org", "a.b+c@xn--mnchen-3ya.de"]),
    "items": st.lists(ITEM, unique=True).map(tuple),
    "tags": st.lists(ITEM, unique=True, max_size=26).map(lambda tags: tuple(sorted(tags))),
    "bits": st.sets(st.sampled_from("abc")).map(lambda bits: tuple(sorted(bits))),
    "at": MOMENTS,
    "until": MOMENTS,
    "notes": st.dictionaries(WORDS, WORDS),
    "rate": st.builds("{}/{}".format, st.integers(1, 10**6), st.sampled_from("smhd")),
}


def test_every_kind_is_tried() -> None:
    assert set(VALUES) == set(SAMPLE) - {"secret"}


@pytest.mark.parametrize("name", VALUES)
@given(data=st.data())
def test_edge_round_trip(name: str, data: st.DataObject) -> None:
    field, value = SAMPLE[name], data.draw(VALUES[name])
    assert field.parse(field.dump(value)) == value
    assert field.parse(value) == value
    assert isinstance(field.show(value), str)


@pytest.mark.parametrize("name", VALUES)
@given(data=st.data())
def test_stored_round_trip(name: str, data: st.DataObject) -> None:
    """`coarse` columns are multiplied in SQL, and an empty list is stored as empty text."""
    field, value = SAMPLE[name], data.draw(VALUES[name])
    stored = field.store(value)
    assert field.load(stored * MIB if name == "coarse" else stored) == value


@pytest.mark.parametrize("name", SAMPLE)
def test_nothing_is_blank(name: str) -> None:
    field = SAMPLE[name]
    assert field.parse(None) == field.parse("") == field.blank
    assert field.dump(None) == "" or name == "notes"
    assert field.show(None) in ("", "{}")
    field.load(None)


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_are_refused_in_words_or_harmless(name: str, raw: Any) -> None:
    field = SAMPLE[name]
    try:
        value = field.parse(raw)
    except UserError as error:
        assert str(error) and error.problems[0].field == name
        return
    assert field.parse(field.dump(value)) == value or field.secret
    assert "\x00" not in str(value)


@given(raw=st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.text()), st.binary()))
@pytest.mark.parametrize("name", SAMPLE)
def test_anything_is_a_value_or_a_problem(name: str, raw: Any) -> None:
    field = SAMPLE[name]
    try:
        value = field.parse(raw)
    except UserError as error:
        assert str(error) and error.problems[0].field == name
    else:
        assert field.secret or field.parse(field.dump(value)) == value


def refusal(field: Field, raw: Any) -> str:
    with pytest.raises(UserError) as error:
        field.parse(raw)
    return error.value.key


def test_required_field() -> None:
    class Needed(Record):
        title = fields.Text(label="Title", required=True)

    with pytest.raises(UserError, match="Title is needed"):
        Needed.fields()["title"].parse("  ")


@pytest.mark.parametrize(
    ("name", "raw", "key"),
    [
        ("text", "x" * 31, "value_too_long"),
        ("text", "a\tb", "value_control_characters"),
        ("text", ["x"], "value_not_text"),
        ("word", "ABC", "value_invalid"),
        ("number", "5.5", "value_not_number"),
        ("number", 5.5, "value_not_number"),
        ("number", -6, "value_too_small"),
        ("number", "1001", "value_too_large"),
        ("fraction", "x", "value_not_number"),
        ("fraction", "nan", "value_not_number"),
        ("size", "3 XB", "value_not_size"),
        ("size", "-1", "value_not_size"),
        ("size", str(1 << 80), "value_not_size"),
        ("size", -1, "value_too_small"),
        ("flag", "perhaps", "value_not_flag"),
        ("choice", "7", "value_not_choice"),
        ("bits", ["z"], "value_not_choice"),
        ("tags", [str(n) for n in range(27)], "tag_limit_exceeded"),
        ("at", "yesterday", "value_not_moment"),
        ("rate", "10 per hour", "rl_timeframe"),
        ("rate", "0/h", "rl_value"),
        ("notes", "[1]", "value_invalid"),
        ("notes", "{", "value_invalid"),
        ("domain", "no spaces allowed", "domain_invalid"),
    ],
)
def test_refusals(name: str, raw: Any, key: str) -> None:
    assert refusal(SAMPLE[name], raw) == key


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("3072", 3072 * MIB),
        ("3 GiB", 3 << 30),
        ("3g", 3 << 30),
        ("1.5 GB", 3 << 29),
        ("1,5 gib", 3 << 29),
        ("10 B", 10),
        ("10b", 10),
        ("512k", 512 << 10),
        ("1 T", 1 << 40),
        ("unlimited", 0),
        ("∞", 0),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert SAMPLE["size"].parse(text) == size


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, MIB, 1536 * MIB, 3 << 40, 5000 << 40])
def test_sizes_for_people(size: int) -> None:
    shown = fields.human_size(size)
    assert shown.split()[1] in ("B", "KiB", "MiB", "GiB", "TiB")
    assert abs(SAMPLE["size"].parse(shown) - size) <= size * 0.01


@pytest.mark.parametrize(
    ("raw", "value"), [("yes", True), ("X", True), (1.0, True), ("off", False), ("-", False), (0, False)]
)
def test_flags(raw: Any, value: bool) -> None:
    assert SAMPLE["flag"].parse(raw) is value


def test_choices_by_value_or_label() -> None:
    choice = SAMPLE["choice"]
    assert [choice.parse(raw) for raw in ("2", "Receives", True, "off", 1)] == [2, 2, 1, 0, 1]
    assert choice.load("2") == 2
    assert choice.load("9") == 9 or choice.load("9") == "9"


def test_moments_carry_a_zone() -> None:
    at = SAMPLE["at"]
    noon = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    assert at.parse("2026-01-31 12:00") == noon
    assert at.parse("2026-01-31T13:00+01:00") == noon
    assert at.parse(noon.astimezone(ZoneInfo("Asia/Tokyo"))) == noon


@given(moment=MOMENTS)
def test_moments_on_a_servers_wall_clock(moment: datetime) -> None:
    """Wall clocks repeat an hour when summer ends; every other moment comes back."""
    berlin = SAMPLE["at"].placed(ZoneInfo("Europe/Berlin"))
    back = berlin.load(berlin.store(moment))
    assert back in (moment, moment - timedelta(hours=1))
    assert SAMPLE["at"].store(moment) == moment.replace(tzinfo=None)


def test_rate_limits_on_the_wire() -> None:
    assert fields.RateLimit.wire("10/h") == "10 / 1h"
    assert [fields.RateLimit.unwire(text) for text in ("10 / 1h", None, "", "junk", "5/1d")] == [
        "10/h",
        "",
        "",
        "",
        "5/d",
    ]


def test_secrets_never_come_out() -> None:
    secret = SAMPLE["secret"]
    assert secret.parse("päss word\t") == "päss word\t"
    assert secret.dump("x") == "" and secret.show("x") == "•••"


def test_json_keys_hold_text() -> None:
    flag, number, choice = (
        fields.Flag(column="a.b"),
        fields.Integer(column="a.b"),
        fields.Choice(column="a.b", choices={1: "x"}),
    )
    assert flag.store(True) == "1" and number.store(7) == "7" and choice.store(1) == "1"
    assert flag.load("0") is False and number.load("7") == 7 and choice.load("1") == 1
