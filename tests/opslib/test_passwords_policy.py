"""The password policy and the passwords made for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslib.passwords import Policy, fits, generate

FLAGS = ["chars", "lowerupper", "special_chars", "numbers"]
POLICIES = st.builds(Policy, st.integers(3, 64), st.booleans(), st.booleans(), st.booleans(), st.booleans())


def met(policy: Policy, password: str, scheme: str = "BLF-CRYPT") -> str:
    """Empty when the policy is met, else the message key."""
    try:
        policy.check(password, scheme)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("stored", "policy"),
    [
        ({}, Policy()),
        ({"length": "10", "chars": "1", "numbers": 1}, Policy(10, chars=True, numbers=True)),
        ({"length": "2"}, Policy(3)),
        ({"length": "ten", "lowerupper": "2", "special_chars": "on"}, Policy()),
        ({"length": "-4", "chars": ""}, Policy()),
        ({"length": "٣"}, Policy()),
    ],
)
def test_from_mapping(stored: dict[str, str | int], policy: Policy) -> None:
    assert Policy.from_mapping(stored) == policy


@given(POLICIES)
def test_mapping_round_trip(policy: Policy) -> None:
    assert Policy.from_mapping(policy.to_mapping()) == policy


@pytest.mark.parametrize(
    ("flag", "good", "bad"),
    [
        ("chars", "1a1", "1ä1"),
        ("lowerupper", "1aA", "1aÄ"),
        ("special_chars", "aä1", "aA1"),
        ("special_chars", "a 1", "a11"),
        ("numbers", "ab1", "ab١"),
    ],
)
def test_flags(flag: str, good: str, bad: str) -> None:
    policy = Policy(3, **{flag: True})
    assert met(policy, good) == ""
    assert met(policy, bad) == "password_complexity"
    assert met(Policy(3), bad) == ""


def test_length_counts_bytes() -> None:
    assert met(Policy(6), "äää") == ""
    assert met(Policy(7), "äää") == "password_complexity"


@pytest.mark.parametrize("password", ["", "abc\0def", "abcdef\ud800"])
def test_unusable_text(password: str) -> None:
    assert met(Policy(0), password) == "password_complexity"


def test_bcrypt_limit() -> None:
    assert met(Policy(), "a" * 72) == ""
    assert met(Policy(), "ü" * 37) == "password_too_long"
    assert met(Policy(), "ü" * 37, "SSHA512") == ""
    assert met(Policy(), "{SSHA512}" + "a" * 120) == ""


@given(POLICIES)
def test_one_sentence_per_rule(policy: Policy) -> None:
    sentences = policy.sentences()
    assert str(policy.length) in sentences[0]
    assert len(set(sentences)) == 1 + sum(getattr(policy, flag) for flag in FLAGS)


@given(POLICIES)
def test_generated_passwords_meet_the_policy(policy: Policy) -> None:
    password = generate(policy)
    assert len(password) == max(16, policy.length)
    assert met(Policy(policy.length, True, True, True, True), password) == ""


def test_generated_passwords_differ_and_fit() -> None:
    assert len({generate(Policy()) for _ in range(50)}) == 50
    assert fits(generate(Policy(500)))


@given(st.text(st.characters(codec=None)), POLICIES)
def test_any_text_is_judged(password: str, policy: Policy) -> None:
    assert met(policy, password) in {"", "password_complexity", "password_too_long"}
