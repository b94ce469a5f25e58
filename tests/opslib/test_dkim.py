from __future__ import annotations

import base64

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from opslib import dkim, outbox
from opslib.errors import ServerError
from tests.opslib.resources.support import make_site

HASHES = (dkim.PUBLIC, dkim.SELECTORS, dkim.PRIVATE)


@pytest.mark.parametrize("size", [1024, 2048])
def test_a_key_is_a_pair(size: int) -> None:
    private, public = dkim.new_key(size)
    key = serialization.load_pem_private_key(private.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == size
    assert private == private.strip()
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert base64.b64decode(public) == der
    assert "\n" not in public


@pytest.mark.parametrize("text", ["dkim", "s1", "2026-01", "a.b", "_x"])
def test_selectors(text: str) -> None:
    assert dkim.is_selector(text)


@pytest.mark.parametrize("text", ["", ".", "-_-", "a b", "ü", "a/b", "a@b", "x" * 64])
def test_no_selectors(text: str) -> None:
    assert not dkim.is_selector(text)


def test_making_is_safe_to_repeat_and_never_overwrites(engine: sa.Engine) -> None:
    site = make_site(engine)
    effect = dkim.creation("one.org", "s1", 1024)
    outbox.perform(site, effect)
    made = [site.keyvalue.hgetall(key) for key in HASHES]
    assert set(made[2]) == {"s1.one.org"}
    outbox.perform(site, effect)
    outbox.perform(site, dkim.creation("one.org", "s2", 1024))
    assert [site.keyvalue.hgetall(key) for key in HASHES] == made


def test_half_a_key_is_made_anew(engine: sa.Engine) -> None:
    site = make_site(engine)
    site.keyvalue.hset(dkim.PRIVATE, {"s1.one.org": "torn"})
    outbox.perform(site, dkim.creation("one.org", "s1", 1024))
    assert "BEGIN PRIVATE KEY" in (site.keyvalue.hget(dkim.PRIVATE, "s1.one.org") or "")
    assert site.keyvalue.hget(dkim.PUBLIC, "one.org")


def test_dropping_leaves_a_key_of_another_selector(engine: sa.Engine) -> None:
    site = make_site(engine)
    outbox.perform(site, dkim.creation("one.org", "s1", 1024))
    undo = dkim.creation("one.org", "other", 1024).undo
    assert undo is not None
    outbox.perform(site, undo)
    assert site.keyvalue.hget(dkim.SELECTORS, "one.org") == "s1"
    back = dkim.creation("one.org", "s1", 1024).undo
    assert back is not None
    outbox.perform(site, back)
    assert [site.keyvalue.hgetall(key) for key in HASHES] == [{}, {}, {}]


def test_an_unreachable_store_is_tried_again(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(engine)

    def down(*_: object) -> None:
        raise ServerError("keyvalue_down", "gone")

    monkeypatch.setattr(site.keyvalue, "hget", down)
    with pytest.raises(ServerError):
        outbox.perform(site, dkim.creation("one.org", "s1", 1024))
