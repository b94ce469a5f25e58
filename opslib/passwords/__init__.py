"""Passwords: stored forms, the policy for new ones, and hashing many of them at once."""

from opslib.passwords.policy import Policy, generate
from opslib.passwords.pool import HashPool
from opslib.passwords.schemes import (
    DEFAULT_SCHEME,
    DUMMY,
    OFFERED,
    PREHASHED,
    SCHEMES,
    fits,
    is_hashed,
    is_weak,
    make,
    scheme_of,
    verify,
)

__all__ = [
    "DEFAULT_SCHEME",
    "DUMMY",
    "OFFERED",
    "PREHASHED",
    "SCHEMES",
    "HashPool",
    "Policy",
    "fits",
    "generate",
    "is_hashed",
    "is_weak",
    "make",
    "scheme_of",
    "verify",
]
