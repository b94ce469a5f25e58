"""Secrets the demo shares between many: made once in a process, of random text nobody knows."""

from __future__ import annotations

import secrets
from base64 import b64encode
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from opslib import passwords

PASSWORDS, KEYS = 4, 2


@cache
def password_hashes() -> tuple[str, ...]:
    """Stored passwords of the default scheme."""
    return tuple(passwords.make(secrets.token_urlsafe(24)) for _ in range(PASSWORDS))


@cache
def dkim_keys() -> tuple[tuple[str, str], ...]:
    """RSA keys as the contract stores them: base64 SubjectPublicKeyInfo, PKCS#8 PEM (mailflow.md 9)."""
    return tuple(_key() for _ in range(KEYS))


def _key() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.DER, form)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return b64encode(public).decode(), private.decode().strip()
