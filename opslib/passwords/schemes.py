"""Stored passwords `{SCHEME}payload`: making and checking them (access.md 4.1, addresses.md 9.6).

Passwords are text and are hashed as UTF-8.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from hmac import compare_digest

import argon2
import bcrypt
from passlib.crypto.digest import lookup_hash
from passlib.hash import des_crypt, md5_crypt, sha256_crypt, sha512_crypt

DEFAULT_SCHEME = "BLF-CRYPT"
OFFERED = ("BLF-CRYPT", "ARGON2ID", "SSHA512", "SSHA256", "SSHA")
"""Schemes `make` knows, strongest first; all but ARGON2ID can be the site's MAILCOW_PASS_SCHEME."""

DUMMY = "{BLF-CRYPT}$2y$10$BM/cWwGwK7jflnBlOw650.6wdy2YqLBOeIJej1lq9DC/hsA0auUvy"
"""For accounts that do not exist: checking it takes as long as checking a real password."""

BCRYPT_BYTES = 72
_BCRYPT_COST = 10
# A stored hash costlier than these would keep a worker busy for many seconds or eat its memory; it never matches.
_BCRYPT_COST_MAX, _ROUNDS_MAX = 16, 5_000_000
_ARGON2_MEMORY_MAX, _ARGON2_WORK_MAX, _ARGON2_LANES_MAX = 1 << 20, 1 << 22, 64  # KiB, KiB x passes, threads

_STORED = re.compile(r"\{([A-Za-z0-9-]+)\}(.*)", re.DOTALL)
_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
_MD5_CRYPT = re.compile(r"\$1\$[./A-Za-z0-9]{0,8}\$[./A-Za-z0-9]{22}")
_SHA_CRYPT = re.compile(r"\$[56]\$(?:rounds=([1-9][0-9]{3,8})\$)?[./A-Za-z0-9]{0,16}\$(?:[./A-Za-z0-9]{43}){1,2}")
_PBKDF2 = re.compile(r"\$1\$([^$]*)\$([0-9]{1,8})\$([0-9a-f]{40})")
_PBKDF2_SHA512 = re.compile(r"([0-9]{1,8})\$([^$]+)\$([^$]+)")

Check = Callable[[bytes, str], bool]


# -- the schemes ----------------------------------------------------------------------------------------------------
def _plain(password: bytes, payload: str) -> bool:
    return compare_digest(password, payload.encode())


def _truncated(password: bytes, payload: str) -> bool:
    """`<n>-<text>`: the first n bytes; n = 0 would let every password in and never matches."""
    size, dash, text = payload.partition("-")
    if not dash:
        return _plain(password, payload)
    if not re.fullmatch("[1-9][0-9]{0,3}", size):
        return False
    return compare_digest(password[: int(size)], text.encode()[: int(size)])


def _md4(data: bytes) -> bytes:
    digest: bytes = lookup_hash("md4").const(data).digest()
    return digest


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def _hex(digest: Callable[[bytes], bytes]) -> Check:
    return lambda password, payload: compare_digest(digest(password).hex().encode(), payload.encode())


def _base64(digest: Callable[[bytes], bytes]) -> Check:
    return lambda password, payload: compare_digest(digest(password), b64decode(payload, validate=True))


def _salted(digest: Callable[[bytes], bytes], size: int) -> Check:
    def check(password: bytes, payload: str) -> bool:
        raw = b64decode(payload, validate=True)
        return compare_digest(digest(password + raw[size:]), raw[:size])

    return check


def _pbkdf2(password: bytes, payload: str) -> bool:
    found = _PBKDF2.fullmatch(payload)
    if not found or not 0 < int(found[2]) <= _ROUNDS_MAX:
        return False
    derived = hashlib.pbkdf2_hmac("sha1", password, found[1].encode(), int(found[2]))
    return compare_digest(derived.hex(), found[3])


def _pbkdf2_sha512(password: bytes, payload: str) -> bool:
    """FreeIPA's form; fewer than 16 derived bytes are refused."""
    found = _PBKDF2_SHA512.fullmatch(payload)
    if not found or not 0 < int(found[1]) <= _ROUNDS_MAX:
        return False
    salt, stored = (b64decode(part, validate=True) for part in found.group(2, 3))
    if not 16 <= len(stored) <= 512:
        return False
    return compare_digest(hashlib.pbkdf2_hmac("sha512", password, salt, int(found[1]), len(stored)), stored)


def _crypt(password: bytes, payload: str) -> bool:
    """A crypt(3) or PHC string, by its own prefix."""
    if payload.startswith("$2"):
        return _bcrypt(password, payload)
    if payload.startswith("$argon2"):
        return _argon2(password, payload)
    if payload.startswith("$1$"):
        return bool(_MD5_CRYPT.fullmatch(payload) and md5_crypt.verify(password, payload))
    if payload.startswith(("$5$", "$6$")):
        return _sha_crypt(password, payload)
    return bool(re.fullmatch("[./A-Za-z0-9]{13}", payload) and des_crypt.verify(password, payload))


def _bcrypt(password: bytes, payload: str) -> bool:
    """Like PHP, bcrypt sees the first 72 bytes only."""
    found = _BCRYPT.fullmatch(payload)
    if not found or int(found[1]) > _BCRYPT_COST_MAX:
        return False
    return bcrypt.checkpw(password[:BCRYPT_BYTES], payload.encode())


def _sha_crypt(password: bytes, payload: str) -> bool:
    found = _SHA_CRYPT.fullmatch(payload)
    if not found or int(found[1] or 0) > _ROUNDS_MAX:
        return False
    return bool((sha256_crypt if payload[1] == "5" else sha512_crypt).verify(password, payload))


def _argon2(password: bytes, payload: str) -> bool:
    try:
        return _bearable(argon2.extract_parameters(payload)) and argon2.PasswordHasher().verify(payload, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHash):
        return False


def _bearable(cost: argon2.Parameters) -> bool:
    return (
        cost.memory_cost <= _ARGON2_MEMORY_MAX
        and cost.memory_cost * cost.time_cost <= _ARGON2_WORK_MAX
        and cost.parallelism <= _ARGON2_LANES_MAX
    )


_CHECKS: dict[str, Check] = {
    **dict.fromkeys(("ARGON2I", "ARGON2ID", "BLF-CRYPT", "CRYPT", "DES-CRYPT", "MD5", "MD5-CRYPT"), _crypt),
    **dict.fromkeys(("SHA256-CRYPT", "SHA512-CRYPT"), _crypt),
    **dict.fromkeys(("CLEAR", "CLEARTEXT", "PLAIN"), _plain),
    "PLAIN-TRUNC": _truncated,
    "PLAIN-MD4": _hex(_md4),
    "PLAIN-MD5": _hex(_md5),
    "LDAP-MD5": _base64(_md5),
    "SHA": _base64(_sha1),
    "SHA1": _base64(_sha1),
    "SHA256": _base64(_sha256),
    "SHA512": _base64(_sha512),
    "SMD5": _salted(_md5, 16),
    "SSHA": _salted(_sha1, 20),
    "SSHA256": _salted(_sha256, 32),
    "SSHA512": _salted(_sha512, 64),
    "PBKDF2": _pbkdf2,
    "PBKDF2-SHA512": _pbkdf2_sha512,
}

SCHEMES = tuple(sorted(_CHECKS))
"""Schemes `verify` knows."""

PREHASHED = frozenset(SCHEMES) - {"PBKDF2-SHA512"}
"""Schemes that mark an input as already hashed; the contract's list lacks PBKDF2-SHA512."""

_SOUND = {"ARGON2I", "CRYPT", "PBKDF2", "PBKDF2-SHA512", "SHA256-CRYPT", "SHA512-CRYPT", *OFFERED}
WEAK = frozenset(SCHEMES) - _SOUND
"""Readable, unsalted or broken: worth hashing anew as soon as the password is known."""


# -- reading --------------------------------------------------------------------------------------------------------
def scheme_of(stored: str) -> str | None:
    """Upper-case scheme of a stored password, known or not; None without a `{SCHEME}` prefix."""
    found = _STORED.fullmatch(stored)
    return found[1].upper() if found else None


def is_hashed(text: str) -> bool:
    """Whether an input would be stored as it is (only administrators may do that, access.md 4.1)."""
    return scheme_of(text) in PREHASHED


def is_weak(stored: str) -> bool:
    """Whether a stored password should be hashed anew at the next sign-in."""
    return scheme_of(stored) in WEAK


def verify(password: str, stored: str) -> bool:
    """Whether the password is the stored one; compared in constant time.

    Never raises.  Unknown schemes, a missing prefix, damaged payloads, empty passwords and those with a NUL (which
    crypt(3) would cut) never match.
    """
    found = _STORED.fullmatch(stored)
    check = _CHECKS.get(found[1].upper()) if found else None
    if not found or not check or not password or "\0" in password:
        return False
    try:
        return check(password.encode(), found[2])
    except (ValueError, binascii.Error):
        return False


# -- making ---------------------------------------------------------------------------------------------------------
def fits(password: str, scheme: str = DEFAULT_SCHEME) -> bool:
    """Whether the scheme uses the whole password: bcrypt ignores what follows the 72nd byte."""
    return scheme != "BLF-CRYPT" or len(password.encode("utf-8", "surrogatepass")) <= BCRYPT_BYTES


def make(password: str, scheme: str = DEFAULT_SCHEME) -> str:
    """`{SCHEME}payload` of a password with a fresh salt.

    Raises
    ------
    ValueError
        `password_too_long` over 72 bytes with BLF-CRYPT, `password_complexity` for text that is empty, holds a NUL or
        is no valid Unicode, `value_invalid` for a scheme that is not offered.
    """
    if scheme not in OFFERED:
        raise ValueError("value_invalid")
    if not fits(password, scheme):
        raise ValueError("password_too_long")
    return f"{{{scheme}}}{_MAKERS[scheme](_bytes(password))}"


def _bytes(password: str) -> bytes:
    if not password or "\0" in password or any("\ud800" <= character <= "\udfff" for character in password):
        raise ValueError("password_complexity")
    return password.encode()


def _new_bcrypt(password: bytes) -> str:
    # Same algorithm as $2b$, under the name PHP writes.
    return "$2y$" + bcrypt.hashpw(password, bcrypt.gensalt(_BCRYPT_COST)).decode()[4:]


def _new_argon2(password: bytes) -> str:
    return argon2.PasswordHasher().hash(password)


def _new_salted(digest: Callable[[bytes], bytes]) -> Callable[[bytes], str]:
    def new(password: bytes) -> str:
        salt = secrets.token_hex(8).encode()
        return b64encode(digest(password + salt) + salt).decode()

    return new


_MAKERS: dict[str, Callable[[bytes], str]] = {
    "BLF-CRYPT": _new_bcrypt,
    "ARGON2ID": _new_argon2,
    "SSHA": _new_salted(_sha1),
    "SSHA256": _new_salted(_sha256),
    "SSHA512": _new_salted(_sha512),
}
