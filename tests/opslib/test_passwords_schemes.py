"""Stored passwords against published vectors and the ones of access.md 4.1."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opslib import messages, passwords

OURS = r"""
{SSHA}hNh5j6ZpuAHDVlelq4IiD0DZn0YwMTIzNDU2Nzg5YWJjZGVm
{SSHA256}qOkFDy1dKqJsZX5oZuDtfMlA38TYNrJuVbmBf5Gnv5YwMTIzNDU2Nzg5YWJjZGVm
{SSHA512}V/u/Lsi/jpqzho1sej5CT1FrChtw5N/insSkUDg1hLMi91jFSbz94vpVmvaCt77kMMBkHQeFcFM+sAJI/G7D8DAxMjM0NTY3ODlhYmNkZWY=
{SMD5}q7tgsinfwRcUhCbZz/kWQDAxMjM0NTY3ODlhYmNkZWY=
{SHA}CcJXI89737FCiPt/2roSun1qdJs=
{SHA1}CcJXI89737FCiPt/2roSun1qdJs=
{SHA256}BMpYYM1cjULxU4iBl7qOZAt/UNlj03lgTNsL3oK0JqM=
{LDAP-MD5}WKEBYf7HgpCWQysZhdgIbg==
{PLAIN-MD5}58a10161fec7829096432b1985d8086e
{PLAIN-MD4}6487fcb6d107e355c5863537493879e5
{BLF-CRYPT}$2y$10$gvtQ6Yn.oisZ6OMbPH5l0ebeBSVxy035haZEb92gX3iao.MzFgcRu
{SHA512-CRYPT}$6$abcdefgh$NUJUpWPYy0PNgGYTsLuGDo.5.kvrC23mONtdmvtsvJg1kTm5nq7bdYk055Dp7vzGVJg5jaPFnNiou0jr3RYlr.
{SHA256-CRYPT}$5$abcdefgh$kBpRnyRWh6sU1AS.kpmzrVFMyKMbrzmMjsoOrc9S2B3
{MD5-CRYPT}$1$abcdefgh$koVx/rwCMd5uaM4P/Hv/d.
{MD5}$1$abcdefgh$koVx/rwCMd5uaM4P/Hv/d.
{DES-CRYPT}abF1QwdJ7tKRk
{CRYPT}abF1QwdJ7tKRk
{CRYPT}$5$abcdefgh$kBpRnyRWh6sU1AS.kpmzrVFMyKMbrzmMjsoOrc9S2B3
{PBKDF2}$1$abcdefgh$5000$8efddbbcec80c8398a7b1ea42a816ccdabce6f67
{PBKDF2-SHA512}10000$YWJjZGVmZ2hpamtsbW5vcA==$02JNjnk5kpLnUR3JqOgCokDOn0FtdkVFduM1PX1MwS4pwzf0eusQqPyyx2dt8gVU0F8JPZ2yFhD5mKF7Oy0MyQ==
{PLAIN}Test-Pw1
{CLEAR}Test-Pw1
{CLEARTEXT}Test-Pw1
{PLAIN-TRUNC}4-Test
"""

PUBLISHED = [
    # test vectors of the argon2 reference implementation
    ("password", "{ARGON2I}$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"),
    ("password", "{ARGON2ID}$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
    ("password", "{CRYPT}$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
    # crypt_blowfish
    ("U*U", "{BLF-CRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    # `openssl passwd -5`, `-6`, `-1`, crypt(3)
    ("Hello world!", "{SHA256-CRYPT}$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
    (
        "Hello world!",
        "{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    ),
    ("Hello world!", "{MD5}$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1"),
    ("password", "{DES-CRYPT}abJnggxhB/yWI"),
    # RFC 6070, RFC 1320, RFC 1321, FIPS 180
    ("password", "{PBKDF2}$1$salt$4096$4b007901b765489abead49d926f721d065a429c1"),
    (
        "password",
        "{PBKDF2-SHA512}1$c2FsdA==$hn9wzxreAs/zdSWZo6U9xK80x6ZpgVrl1RNVThyM8lLALUcKKFoFAbrZmb/pQ8CPBQI119aLHaVeY/c7YKV/zg==",
    ),
    ("abc", "{PLAIN-MD4}a448017aaf21d8525fc10ae87aa6729d"),
    ("abc", "{PLAIN-MD5}900150983cd24fb0d6963f7d28e17f72"),
    ("abc", "{SHA512}3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="),
    ("abc", "{PLAIN-TRUNC}abc"),
    ("abc", "{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
]
VECTORS = [("Test-Pw1", stored) for stored in OURS.split()] + PUBLISHED
NEVER = (
    "|Test-Pw1|RESOURCE|{}Test-Pw1|{NOPE}Test-Pw1|{PLAIN|{SHA256.HEX}00| {PLAIN}Test-Pw1|{PLAIN-TRUNC}0-|{PLAIN-TRUNC}-"
    "|{PLAIN-TRUNC}x-Test-Pw1|{PLAIN-TRUNC}-1-Test-Pw1|{SHA}|{SSHA}|{PBKDF2-SHA512}1$c2FsdA==$"
    "|{PBKDF2-SHA512}1$c2FsdA==$hn9w|{PBKDF2}$1$salt$0$4b007901b765489abead49d926f721d065a429c1|{BLF-CRYPT}|{BLF-CRYPT}$2y$10$short|{ARGON2ID}$argon2id$"
    "|{MD5}$1$abcdefghi$koVx/rwCMd5uaM4P/Hv/d."
    "|{SHA256-CRYPT}$5$rounds=999$abcdefgh$kBpRnyRWh6sU1AS.kpmzrVFMyKMbrzmMjsoOrc9S2B3"
    "|{SHA256-CRYPT}$5$abcdefghabcdefghi$kBpRnyRWh6sU1AS.kpmzrVFMyKMbrzmMjsoOrc9S2B3"
    "|{CRYPT}*|{CRYPT}$y$j9T$abc$def"
)
ALIKE = [
    {"SHA", "SHA1", "SSHA"},
    {"SHA256", "SSHA256"},
    {"LDAP-MD5", "SMD5"},
    {"CLEAR", "CLEARTEXT", "PLAIN", "PLAIN-TRUNC"},
    {"MD5", "CRYPT", "ARGON2I", "ARGON2ID", *(name for name in passwords.SCHEMES if name.endswith("-CRYPT"))},
    *({name} for name in ("SSHA512", "PLAIN-MD4", "PLAIN-MD5", "SSHA", "SSHA256", "SMD5")),
]
QUICK = [stored for stored in OURS.split() if not stored.startswith(("{PBKDF2", "{BLF"))]


@pytest.mark.parametrize(("password", "stored"), VECTORS, ids=lambda text: text[:24])
def test_vector(password: str, stored: str) -> None:
    prefix, brace, payload = stored.partition("}")
    assert passwords.verify(password, stored)
    assert passwords.verify(password, prefix.lower() + brace + payload)
    assert not passwords.verify("X" + password, stored)
    assert not passwords.verify(password.swapcase(), stored)
    assert not passwords.verify("", stored)
    assert not passwords.verify(password + "\0", stored)
    assert not passwords.verify(password, payload)


def test_every_scheme_has_a_vector() -> None:
    assert {passwords.scheme_of(stored) for _, stored in VECTORS} == set(passwords.SCHEMES)


@pytest.mark.parametrize("stored", QUICK, ids=lambda text: text[:24])
def test_other_schemes_do_not_read_it(stored: str) -> None:
    """A payload matches under another prefix only where both mean one check; salts may be empty."""
    scheme, payload = passwords.scheme_of(stored), stored.partition("}")[2]
    matching = {other for other in passwords.SCHEMES if passwords.verify("Test-Pw1", f"{{{other}}}{payload}")}
    assert any(scheme in alike and matching <= alike for alike in ALIKE)


@pytest.mark.parametrize("stored", NEVER.split("|"))
def test_never_matches(stored: str) -> None:
    assert not passwords.verify("Test-Pw1", stored)


@pytest.mark.parametrize(
    "stored",
    [
        "{BLF-CRYPT}$2y$31$gvtQ6Yn.oisZ6OMbPH5l0ebeBSVxy035haZEb92gX3iao.MzFgcRu",
        "{SHA256-CRYPT}$5$rounds=999999999$abcdefgh$kBpRnyRWh6sU1AS.kpmzrVFMyKMbrzmMjsoOrc9S2B3",
        "{PBKDF2}$1$salt$99999999$4b007901b765489abead49d926f721d065a429c1",
        "{PBKDF2-SHA512}99999999$c2FsdA==$hn9wzxreAs/zdSWZo6U9xK80x6ZpgVrl",
        "{ARGON2ID}$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "{ARGON2ID}$argon2id$v=19$m=1048576,t=99,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "{ARGON2ID}$argon2id$v=19$m=65536,t=1,p=4096$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ],
    ids=lambda text: text[:32],
)
def test_ruinous_costs_are_not_paid(stored: str) -> None:
    assert not passwords.verify("Test-Pw1", stored)


def test_truncation() -> None:
    assert passwords.verify("Testament", "{PLAIN-TRUNC}4-Test")
    assert not passwords.verify("Tes", "{PLAIN-TRUNC}4-Test")
    assert passwords.verify("ünter", "{PLAIN-TRUNC}2-übel")
    assert not passwords.verify("0e2", "{PLAIN}0e1")


def test_bcrypt_sees_72_bytes_of_stored_passwords() -> None:
    stored = passwords.make("a" * 72)
    assert passwords.verify("a" * 99, stored)
    assert not passwords.verify("a" * 71, stored)


@pytest.mark.parametrize("scheme", passwords.OFFERED)
def test_make(scheme: str) -> None:
    first, second = passwords.make("pässword", scheme), passwords.make("pässword", scheme)
    assert first != second
    assert passwords.scheme_of(first) == scheme
    assert passwords.is_hashed(first)
    assert not passwords.is_weak(first)
    assert passwords.verify("pässword", first)
    assert not passwords.verify("passwörd", first)


def test_forms_of_new_hashes() -> None:
    assert re.fullmatch(r"\{BLF-CRYPT\}\$2y\$10\$[./A-Za-z0-9]{53}", passwords.make("x"))
    assert not passwords.verify("x", passwords.DUMMY)
    for scheme, size in (("SSHA", 20), ("SSHA256", 32), ("SSHA512", 64)):
        raw = b64decode(passwords.make("x", scheme).partition("}")[2])
        assert re.fullmatch(b"[0-9a-f]{16}", raw[size:])


@pytest.mark.parametrize(
    ("password", "scheme", "key"),
    [
        ("a" * 73, "BLF-CRYPT", "password_too_long"),
        ("ü" * 37, "BLF-CRYPT", "password_too_long"),
        ("", "SSHA512", "password_complexity"),
        ("a\0b", "BLF-CRYPT", "password_complexity"),
        ("\ud800", "SSHA", "password_complexity"),
        ("x", "PLAIN", "value_invalid"),
        ("x", "blf-crypt", "value_invalid"),
    ],
)
def test_make_refuses(password: str, scheme: str, key: str) -> None:
    with pytest.raises(ValueError, match=rf"^{key}$"):
        passwords.make(password, scheme)
    assert key in messages.TEXTS


def test_a_long_password_is_fine_elsewhere() -> None:
    assert passwords.verify("a" * 200, passwords.make("a" * 200, "SSHA512"))


@pytest.mark.parametrize(
    ("text", "scheme", "hashed"),
    [
        ("{plain}x", "PLAIN", True),
        ("{SSHA}", "SSHA", True),
        ("{PBKDF2-SHA512}1$a$b", "PBKDF2-SHA512", False),
        ("{x}y", "X", False),
        ("plain{SSHA}", None, False),
        ("{SSHA", None, False),
        ("{SSHA}a\nb", "SSHA", True),
    ],
)
def test_prefix(text: str, scheme: str | None, hashed: bool) -> None:
    assert passwords.scheme_of(text) == scheme
    assert passwords.is_hashed(text) == hashed


def test_weak_schemes() -> None:
    assert passwords.is_weak("{PLAIN}x")
    assert passwords.is_weak("{SHA512}x")
    assert not passwords.is_weak("{SHA512-CRYPT}x")


PAYLOADS = st.text(max_size=40) | st.from_regex(
    r"\A(\$(1|2y|5|6|argon2id?)\$)?((rounds|m|v|t|p)=)?[0-9]{0,3}[$,][./A-Za-z0-9+=$,-]{0,70}\Z"
)


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=90), st.sampled_from(passwords.SCHEMES), PAYLOADS)
def test_garbage_never_raises(password: str, scheme: str, payload: str) -> None:
    plain = scheme in {"CLEAR", "CLEARTEXT", "PLAIN", "PLAIN-TRUNC"}
    assert plain or not passwords.verify(password, f"{{{scheme}}}{payload}")
    assert isinstance(passwords.verify(password, payload), bool)
    assert isinstance(passwords.verify(payload, f"{{{scheme}}}{password}"), bool)
    assert isinstance(passwords.is_hashed(payload), bool)


@settings(deadline=None)
@given(st.text(max_size=100), st.sampled_from(["SSHA", "SSHA256", "SSHA512"]))
def test_what_is_made_verifies(password: str, scheme: str) -> None:
    if password and "\0" not in password:
        assert passwords.verify(password, passwords.make(password, scheme))
