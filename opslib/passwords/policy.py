"""Rules for new passwords, kept in the Redis hash `PASSWD_POLICY` (access.md 4.2), and passwords that meet them."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from opslib.passwords.schemes import BCRYPT_BYTES, DEFAULT_SCHEME, fits, is_hashed

SPECIAL = "!@#$%^&*()?="
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SPECIAL)
_SHORTEST, _GENERATED = 3, 16


@dataclass(frozen=True, slots=True)
class Policy:
    """`length` is a minimum in bytes; the flags say what a password must hold."""

    length: int = 6
    chars: bool = False
    lowerupper: bool = False
    special_chars: bool = False
    numbers: bool = False

    @classmethod
    def from_mapping(cls, stored: Mapping[str, str | int]) -> Self:
        """Policy of the stored hash: flags are on when equal to 1; a missing or unreadable length is 6, 3 the least."""
        length = str(stored.get("length", "")).strip()
        return cls(
            max(_SHORTEST, int(length)) if re.fullmatch("[0-9]{1,4}", length) else cls().length,
            *(str(stored.get(flag, "")).strip() == "1" for flag in _RULES),
        )

    def to_mapping(self) -> dict[str, str]:
        """The five fields as they are stored."""
        return {"length": str(self.length), **{flag: str(int(getattr(self, flag))) for flag in _RULES}}

    def check(self, password: str, scheme: str = DEFAULT_SCHEME) -> None:
        """Raise ValueError `password_complexity` when a rule is broken, `password_too_long` when the scheme cuts it."""
        raw = password.encode("utf-8", "surrogatepass")
        unusable = b"\0" in raw or any("\ud800" <= character <= "\udfff" for character in password)
        if (
            unusable
            or len(raw) < max(1, self.length)
            or not all(re.search(needed, password) for needed in self._patterns())
        ):
            raise ValueError("password_complexity")
        if not is_hashed(password) and not fits(password, scheme):
            raise ValueError("password_too_long")

    def _patterns(self) -> list[str]:
        return [pattern for flag in _RULES if getattr(self, flag) for pattern in _RULES[flag][0]]

    def sentences(self) -> list[str]:
        """What is required, one sentence per rule."""
        return [f"At least {self.length} characters.", *(_RULES[flag][1] for flag in _RULES if getattr(self, flag))]


_RULES: dict[str, tuple[tuple[str, ...], str]] = {
    "chars": (("[A-Za-z]",), "At least one letter from a to z."),
    "lowerupper": (("[a-z]", "[A-Z]"), "Both lower-case and upper-case letters."),
    "special_chars": (("[^A-Za-z0-9]",), "At least one character that is no letter or digit."),
    "numbers": (("[0-9]",), "At least one digit."),
}
"""Patterns to be found and sentence of every flag, in the order of the dataclass fields."""


def generate(policy: Policy) -> str:
    """A random password of max(16, policy length) characters, at most 72, with all four kinds of characters.

    It begins with a letter, so that no spreadsheet takes it for a formula.
    """
    length = min(max(_GENERATED, policy.length), BCRYPT_BYTES)
    characters = [secrets.choice(kind) for kind in _KINDS]
    characters += [secrets.choice("".join(_KINDS)) for _ in range(length - len(characters))]
    first = characters.pop(0)
    secrets.SystemRandom().shuffle(characters)
    return first + "".join(characters)
