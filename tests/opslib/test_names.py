"""Names against the observed examples of addresses.md 1.3, and their rules as properties."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opslib import messages, names

ODD = st.text(st.characters(codec=None, categories=["Cs", "Cc", "Zs", "Cf", "Mn"]), max_size=8)
NEAR = st.text(st.sampled_from("aBz09.-_@*+/'\"%\\[]:;, \t\n\0üßẞς\u200d。１☃İ\u212aſxn--éא١\ud800"), max_size=24)
A_LABELS = st.builds("xn--{}.de".format, st.text("abz019-", max_size=9))
TEXTS = st.text() | ODD | NEAR | st.builds("{}@{}".format, NEAR, NEAR) | A_LABELS
LONGEST = ".".join(["a" * 49] * 5) + ".abc"
NO_DOMAINS = (
    "|.|a..b|.de|example.org.| example.org|example.org |a_b.de|ä_b.de|-a.de|a-.de|a b.de|a\n.de|a.de\n|a\0.de|*.de"
    "|a@b.de|ü .de|☃.net|xn--a.de|xn--.de|xn--abc-.de|xn--☃.de|xn--BCHER-.de"
)
NO_ADDRESSES = (
    "|@|a|a@|@a.de|a@localhost|null@localhost|spam@localhost|ham@localhost|a@a.1|a@1.2|a@a.de.|a@a_b.de|a b@a.de"
    "|a,b@a.de|a:b@a.de|a;b@a.de|a(b@a.de|a)b@a.de|a[b@a.de|a]b@a.de|a<b@a.de|a>b@a.de|a\\b@a.de|ä@a.de|.a@a.de|a.@a.de"
    '|a..b@a.de|a@b@a.de| a@a.de|a@a.de |a@a.de\n|"a b"@a.de|"a"b"@a.de|"a\\"b"@a.de|"a,b"@a.de|"a@b.de"@a.de|""@a.de'
    '|"a@a.de'
    "|a\0@a.de|a@[127.0.0]|a@[127.0.0.1|a@[::1]|a@[IPv6:fe80::1%eth0]|a@[]"
)
RULES: list[Callable[[str], str]] = [
    names.domain,
    names.mx_pattern,
    names.address,
    names.alias_address,
    names.mailbox_local_part,
    names.resource_local_part,
    names.sender_pattern,
]


def key_of(rule: Callable[[str], object], text: str) -> str:
    """Message key with which `rule` refuses the text."""
    with pytest.raises(ValueError, match=r"^[a-z_]+$") as caught:
        rule(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.ORG", "example.org"),
        ("localhost", "localhost"),
        ("123", "123"),
        ("12.34", "12.34"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("BÜCHER.de", "xn--bcher-kva.de"),
        ("XN--BCHER-KVA.de", "xn--bcher-kva.de"),
        ("straße.de", "strasse.de"),
        ("STRAẞE.de", "strasse.de"),
        ("a\u200db.de", "ab.de"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("xn--n3h.net", "xn--n3h.net"),
        ("r3---sn-a.example", "r3---sn-a.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("a" * 63 + ".de", "a" * 63 + ".de"),
        (LONGEST, LONGEST),
    ],
)
def test_domain_taken(text: str, expected: str) -> None:
    assert names.domain(text) == expected
    assert names.is_domain(text)


@pytest.mark.parametrize("text", [*NO_DOMAINS.split("|"), "a" * 64 + ".de", LONGEST + "d", "ü" * 300])
def test_domain_refused(text: str) -> None:
    assert key_of(names.domain, text) == "domain_invalid"
    assert not names.is_domain(text)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("xn--bcher-kva.de", "bücher.de"),
        ("*.xn--bcher-kva.de", "*.bücher.de"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("xn--n3h.net", "xn--n3h.net"),
        ("xn--a.de", "xn--a.de"),
        ("not a domain", "not a domain"),
        ("", ""),
    ],
)
def test_domain_unicode(stored: str, shown: str) -> None:
    assert names.domain_unicode(stored) == shown


@pytest.mark.parametrize(
    ("text", "expected"), [("*.Example.org", "*.example.org"), ("mx.ü.de", "mx.xn--tda.de"), ("*.de", "*.de")]
)
def test_mx_pattern_taken(text: str, expected: str) -> None:
    assert names.mx_pattern(text) == expected


@pytest.mark.parametrize("text", ["*", "*.", "*.*.de", "a.*.de", "*a.de", "", " mx.de"])
def test_mx_pattern_refused(text: str) -> None:
    assert key_of(names.mx_pattern, text) == "mx_invalid"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann.Lee@Example.ORG", "Ann.Lee@example.org"),
        ("!#$%&'*+/=?^_{|}~-`@a.de", "!#$%&'*+/=?^_{|}~-`@a.de"),
        ("x@bücher.de", "x@xn--bcher-kva.de"),
        ("x@a.xn--p1ai", "x@a.xn--p1ai"),
        ('"ab"@a.de', '"ab"@a.de'),
        ('"a..(b)"@a.de', '"a..(b)"@a.de'),
        ("x@[127.0.0.1]", "x@[127.0.0.1]"),
        ("x@[IPv6:::1]", "x@[ipv6:::1]"),
        ("x@[IPv6:2001:DB8:0::1]", "x@[ipv6:2001:db8::1]"),
        ("a" * 64 + "@a.de", "a" * 64 + "@a.de"),
        ("x@1.2.a3", "x@1.2.a3"),
        ("x@" + LONGEST, "x@" + LONGEST),
    ],
)
def test_address_taken(text: str, expected: str) -> None:
    assert names.address(text) == expected
    assert names.is_address(text)


@pytest.mark.parametrize("text", [*NO_ADDRESSES.split("|"), "a" * 65 + "@a.de", "aaa@" + LONGEST])
def test_address_refused(text: str) -> None:
    assert key_of(names.address, text) == "value_invalid"
    assert not names.is_address(text)


def test_split_address() -> None:
    assert names.split_address("Ann@a.de") == ("Ann", "a.de")
    assert names.split_address("@a.de") == ("", "a.de")
    assert {key_of(names.split_address, text) for text in ("", "a", "a@", "@")} == {"value_invalid"}


@pytest.mark.parametrize(
    ("text", "expected"), [(" Ann.Lee ", "ann.lee"), ("a_b-c9", "a_b-c9"), ("_dmarc", "_dmarc"), ("a" * 64, "a" * 64)]
)
def test_mailbox_local_part_taken(text: str, expected: str) -> None:
    assert names.mailbox_local_part(text) == expected


@pytest.mark.parametrize("character", list("/+'\"`\\%*?!#$&=^{|}~()<>[]:;,@ \t\n\0\x7fä\u212a"))
def test_mailbox_local_part_names_the_characters(character: str) -> None:
    with pytest.raises(names.Invalid, match=r"^local_part_invalid$") as caught:
        names.mailbox_local_part(f"a{character}b")
    assert caught.value.item == character


@pytest.mark.parametrize("text", ["", " ", ".a", "a.", "a..b", "-rf", "a" * 65])
def test_mailbox_local_part_refused(text: str) -> None:
    assert key_of(names.mailbox_local_part, text) == "local_part_invalid"


def test_alias_address() -> None:
    assert names.alias_address("@Ü.de") == "@xn--tda.de"
    assert names.alias_address("Sales+x@Ü.de") == "Sales+x@xn--tda.de"
    assert {key_of(names.alias_address, text) for text in ("@", "", "a", "@a@b.de", "*@a.de b")} == {"alias_invalid"}


def test_resource_local_part() -> None:
    assert names.resource_local_part("Meeting Room 1 (Süd)") == "meetingroom1sd"
    assert {key_of(names.resource_local_part, text) for text in ("", "会议", "a" * 65)} == {"resource_invalid"}


@pytest.mark.parametrize("text", ["a@a.de b@a.de", "a@a.de,b@a.de", "a@a.de;b@a.de", " a@a.de\r\n, ;b@A.de ;a@a.de"])
def test_address_list(text: str) -> None:
    assert names.address_list(text) == ["a@a.de", "b@a.de"]
    assert names.address_list([text, "b@a.de"]) == ["a@a.de", "b@a.de"]


def test_a_bad_item_is_named() -> None:
    with pytest.raises(names.Invalid, match=r"^value_invalid$") as caught:
        names.address_list("a@a.de, oops")
    assert caught.value.item == "oops"


def test_goto_list() -> None:
    assert names.goto_list("a@Ü.de, a@ü.de,B@a.de") == ["a@xn--tda.de", "B@a.de"]
    assert names.goto_list(["null@localhost"]) == ["null@localhost"]
    assert key_of(names.goto_list, " ,;") == "goto_empty"
    assert key_of(names.goto_list, "null@localhost a@a.de") == "goto_special"
    assert key_of(names.goto_list, "null@localhost spam@localhost") == "goto_special"
    assert key_of(names.goto_list, "a@localhost") == "goto_invalid"


@pytest.mark.parametrize(("text", "expected"), [(" *@Spam.example ", "*@spam.example"), ("a_b-c.*", "a_b-c.*")])
def test_sender_pattern_taken(text: str, expected: str) -> None:
    assert names.sender_pattern(text) == expected


@pytest.mark.parametrize("text", ["", "*", "@.-_", "a+b@a.de", "ä@a.de", "a b", "a" * 101, "\u212a", "a\0", "a\nb"])
def test_sender_pattern_refused(text: str) -> None:
    assert key_of(names.sender_pattern, text) == "policy_list_from_invalid"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@given(text=TEXTS)
@example(text="ﬁ.de")
@example(text="xn--a-ecp.ru")
@example(text="\ud800.de")
def test_rules_are_idempotent_and_clean(rule: Callable[[str], str], text: str) -> None:
    """Any text is either refused with a known key or becomes plain ASCII that the rule leaves alone."""
    if not names._accepts(rule, text):
        assert key_of(rule, text) in messages.TEXTS
        return
    found = rule(text)
    assert found
    assert rule(found) == found
    assert found.isascii()
    assert not any(unicodedata.category(character) in {"Cc", "Zs"} for character in found)
    assert len(found) <= 255


@given(TEXTS)
def test_domain_part_is_lower_case(text: str) -> None:
    if names.is_address(text):
        assert names.split_address(names.address(text))[1].islower()
    if names.is_domain(text):
        assert names.domain(text) == names.domain(text).lower()


@given(TEXTS)
def test_shown_domains_can_be_typed_again(text: str) -> None:
    shown = names.domain_unicode(text)
    assert not names.is_domain(text) or names.domain(shown) == names.domain(text)


@given(st.text("aü.ßx☃éא-", min_size=1, max_size=12).map(lambda text: "xn--" + text.encode("punycode").decode()))
def test_shown_a_labels_can_be_typed_again(label: str) -> None:
    assert not names.is_domain(label) or names.domain(names.domain_unicode(label)) == label


@given(st.lists(TEXTS))
def test_list_items_are_unique_and_never_blank(texts: list[str]) -> None:
    items = names.list_items(texts)
    assert len(items) == len(set(items))
    assert names.list_items(" ".join(items)) == items
    assert all(item == item.strip() and item for item in items)


@given(st.text(st.sampled_from("a%_/\\'\"ü"), max_size=6), st.text(st.sampled_from("a%_/\\'\"ü"), max_size=6))
def test_like_escape_matches_only_itself(wanted: str, stored: str) -> None:
    database = sqlite3.connect(":memory:")
    sql = "SELECT ? LIKE ? ESCAPE ?"
    (found,) = database.execute(sql, (stored, names.like_escape(wanted), names.LIKE_ESCAPE)).fetchone()
    database.close()
    assert bool(found) == (wanted == stored)
