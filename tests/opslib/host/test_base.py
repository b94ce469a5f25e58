from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslib.host.base import VERBS, refusal

GOOD = {
    "restart": {"service": "sogo-mailcow"},
    "maildir_cleanup": {"path": "example.org/ann"},
    "maildir_move": {"old": "example.org/ann", "new": "example.org/ann.lee"},
    "sogo_rename": {"old": "ann@example.org", "new": "ann.lee@example.org"},
    "imap_acl_rename": {"old": "ann@example.org", "new": "ann.lee@example.org"},
    "flush_memcached": {},
    "flush_auth_cache": {"user": "o'neil+x@example.org"},
}


def test_every_verb_is_accepted_with_good_arguments() -> None:
    assert {verb: refusal(verb, GOOD[verb]) for verb in VERBS} == dict.fromkeys(GOOD)


def test_everybodys_sign_ins_can_be_forgotten_at_once() -> None:
    assert refusal("flush_auth_cache", {}) is None


def test_a_whole_domain_can_be_cleaned_up_but_not_moved() -> None:
    assert refusal("maildir_cleanup", {"path": "example.org"}) is None
    assert refusal("maildir_move", {"old": "example.org", "new": "example.net"})


def test_a_local_part_may_start_with_a_dash() -> None:
    assert refusal("maildir_cleanup", {"path": "example.org/-ann"}) is None


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("shell", {}),
        ("restart", {}),
        ("restart", {"service": "sogo-mailcow", "signal": "9"}),
        ("restart", {"service": "sogo"}),
        ("restart", {"service": "--all-mailcow"}),
        ("flush_memcached", {"user": "a@example.org"}),
        ("flush_auth_cache", {"user": "nobody"}),
        ("flush_auth_cache", {"user": "-u@example.org"}),
        ("sogo_rename", {"old": "a@example.org", "new": "a b@example.org"}),
        *[
            ("maildir_cleanup", {"path": path})
            for path in (
                "",
                "/",
                ".",
                "..",
                "../etc",
                "a/..",
                "a/.",
                "/etc",
                "a/b/c",
                "a//b",
                "-rf",
                "a\0",
                "a\n",
            )
        ],
    ],
)
def test_anything_else_is_refused(verb: str, arguments: dict[str, str]) -> None:
    assert refusal(verb, arguments)


@given(st.text())
def test_an_accepted_maildir_stays_below_its_root(path: str) -> None:
    if refusal("maildir_cleanup", {"path": path}) is None:
        parts = path.split("/")
        assert len(parts) <= 2
        assert not {"", ".", ".."} & set(parts)
        assert not path.startswith("-")
