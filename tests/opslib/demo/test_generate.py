"""The generator: figures as asked, and nothing but the arguments decides what is made."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest

from opslib.demo.generate import generate
from opslib.demo.world import SIZES, World

NOW = datetime(2026, 3, 1, 12)


def made(size: str, seed: int = 1) -> World:
    return generate(size, seed, NOW, 1_772_366_400, ["{BLF-CRYPT}a", "{BLF-CRYPT}b"], [("public", "private")])


@pytest.fixture(scope="module")
def small() -> World:
    return made("small")


@pytest.mark.parametrize("size", SIZES)
def test_sizes_are_exact(size):
    world = made(size)
    mailboxes = [row for row in world.rows["mailbox"] if row["kind"] == ""]
    assert len(world.rows["domain"]) == SIZES[size].domains
    assert len(mailboxes) == SIZES[size].mailboxes
    assert len(world.rows["alias"]) == SIZES[size].aliases
    assert all(place.mailboxes for place in world.places if not place.relay)


def test_the_same_arguments_give_the_same_world():
    first, second = made("tiny"), made("tiny")
    assert first.rows == second.rows and first.hashes == second.hashes
    assert made("tiny", seed=2).rows != first.rows


def test_there_is_one_of_everything_an_operator_meets(small):
    aliases = small.rows["alias"]
    gotos = {row["goto"] for row in aliases}
    assert {"null@localhost", "spam@localhost", "ham@localhost"} <= gotos
    assert any(row["address"].startswith("@") for row in aliases)
    assert any("," in goto for goto in gotos) and any(row["internal"] for row in aliases)
    assert {row["kind"] for row in small.rows["mailbox"]} == {"", "location", "group", "thing"}
    assert {row["active"] for row in small.rows["mailbox"]} == {0, 1, 2}
    assert {row["external"] for row in small.rows["sender_acl"]} == {0, 1}
    assert {"SSO", "imap", "smtp", "pop3"} <= {row["service"] for row in small.rows["sasl_log"]}
    assert any("<script>" in (row["private_comment"] or "") for row in aliases)
    assert set(small.hashes) >= {"DOMAIN_MAP", "RL_VALUE", "QW_BCC", "RCPT_WANTS_SUBJECT_TAG", "DKIM_PUB_KEYS"}
    for table in ("alias_domain", "spamalias", "app_passwd", "filterconf", "domain_wide_footer", "mta_sts", "tags_domain",
                  "tags_mailbox", "templates", "relayhosts", "domain_admins", "da_acl", "pushover"):  # fmt: skip
        assert small.rows[table], table


def test_addresses_of_log_ins_are_documentation_ranges(small):
    prefixes = Counter(row["real_rip"].rpartition(":")[0][:9] or row["real_rip"] for row in small.rows["sasl_log"])
    allowed = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")
    assert all(prefix.startswith(allowed) for prefix in prefixes)


def test_some_mailboxes_are_nearly_full_and_none_is_over(small):
    quotas = {row["username"]: row["quota"] for row in small.rows["mailbox"]}
    shares = [row["bytes"] / quotas[row["username"]] for row in small.rows["quota2"] if quotas[row["username"]]]
    assert 10 < sum(share > 0.9 for share in shares) < 150
    assert max(shares) < 1


def test_moments_are_past(small):
    assert all(row["created"] < NOW for row in small.rows["mailbox"])
    assert all(row["datetime"] < NOW for row in small.rows["sasl_log"])
