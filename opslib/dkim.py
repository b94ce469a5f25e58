"""DKIM keys of domains, made and dropped after a commit: the private key exists in the key-value store only.

Layout of the three hashes: mailflow.md 9.1.  A key that is there is never overwritten.
"""

from __future__ import annotations

import base64
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from opslib import registry
from opslib.plan import Effect
from opslib.site import Site

PUBLIC, SELECTORS, PRIVATE = "DKIM_PUB_KEYS", "DKIM_SELECTORS", "DKIM_PRIV_KEYS"
SIZES = (1024, 2048, 3072, 4096)

_SELECTOR = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,63}")


def is_selector(text: str) -> bool:
    """Whether `text` can name a key (mailflow.md 9.3)."""
    return bool(_SELECTOR.fullmatch(text))


def new_key(size: int) -> tuple[str, str]:
    """A fresh RSA key of `size` bits: (PEM of the private key in PKCS#8, base64 of the public key)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=size)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode().strip(), base64.b64encode(public).decode()


def creation(domain: str, selector: str, size: int) -> Effect:
    """The effect that makes a key for a domain without one; its undo drops that key."""
    names = {"domain": domain, "selector": selector}
    undo = Effect("task", "drop_dkim_key", names, f"Drop the DKIM key of {domain}", subject=domain)
    args = {**names, "size": size}
    return Effect("task", "make_dkim_key", args, f"Make a DKIM key for {domain}", undo, domain)


@registry.task
def make_dkim_key(site: Site, domain: str, selector: str, size: int) -> None:
    """Make a key unless there is one.  The public key comes last: half a key is made anew by the next try."""
    store = site.keyvalue
    if store.hget(PUBLIC, domain) is not None:
        return
    private, public = new_key(size)
    store.hset(PRIVATE, {f"{selector}.{domain}": private})
    store.hset(SELECTORS, {domain: selector})
    store.hset(PUBLIC, {domain: public})


@registry.task
def drop_dkim_key(site: Site, domain: str, selector: str) -> None:
    """Drop the key of that selector; one that was made under another selector since stays."""
    store = site.keyvalue
    if store.hget(SELECTORS, domain) != selector:
        return
    store.hdel(PUBLIC, domain)
    store.hdel(SELECTORS, domain)
    store.hdel(PRIVATE, f"{selector}.{domain}")
