from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from opslib.errors import UserError
from opslib.ops import Ops
from opslib.schema import metadata
from opslib.stores.database import write
from tests.opslib.resources.mailboxes.conftest import ANN, BOB, EVE
from tests.opslib.resources.support import add_alias, add_domain, add_mailbox, add_row, hashes, keys_of, rows, snapshot

WHEN = datetime(2026, 2, 1)
HASHES = ("RL_VALUE", "RCPT_WANTS_SUBJECT_TAG", "RCPT_WANTS_SUBFOLDER_TAG", "Q_LAST_NOTIFIED")
KEPT: dict[str, dict[str, Any]] = {
    "tags_mailbox": {"tag_name": "x", "username": ANN},
    "sieve_filters": {"username": ANN, "script_name": "active", "filter_type": "prefilter"},
    "pushover": {"username": ANN, "key": "s3cret", "token": "s3cret"},
    "sender_acl": {"logged_in_as": ANN, "send_as": BOB},
    "spamalias": {"address": "temp@example.org", "goto": ANN, "validity": 1},
    "imapsync": {"user2": ANN, "password1": "s3cret"},
    "filterconf": {"object": ANN, "option": "whitelist_from", "value": "*@friends.example"},
    "recipient_maps": {"old_dest": ANN, "new_dest": "x@example.org"},
    "app_passwd": {"mailbox": ANN, "domain": "example.org", "password": "{CRYPT}s3cret"},
    "bcc_maps": {"local_dest": ANN, "bcc_dest": "y@example.org", "domain": "example.org", "type": "rcpt"},
}
PURGED: dict[str, dict[str, Any]] = {
    "quarantine": {"rcpt": ANN, "msg": "mail s3cret"},
    "reset_password": {"username": ANN, "token": "s3cret-token"},
    "tfa": {"username": ANN, "authmech": "totp", "secret": "s3cret"},
    "fido2": {"username": ANN, "credentialId": b"\x00\xff"},
    "oauth_access_tokens": {"access_token": "s3cret-access", "user_id": ANN},
    "oauth_refresh_tokens": {"refresh_token": "s3cret-refresh", "user_id": ANN},
    "oauth_authorization_codes": {"authorization_code": "s3cret-code", "user_id": ANN},
}
SOGO: dict[str, dict[str, Any]] = {
    "sogo_user_profile": {"c_uid": ANN},
    "sogo_cache_folder": {"c_uid": ANN},
    "sogo_folder_info": {"c_folder_id": 7, "c_path2": ANN},
    "sogo_store": {"c_folder_id": 7, "c_name": "x.ics"},
}


def put(engine: sa.Engine, name: str, **given: Any) -> None:
    """A row whose other columns hold something where they must."""
    table = metadata.tables[name]
    blank = {str: "", int: 0, float: 0.0, datetime: WHEN, dict: {}, bytes: b""}
    lacking = [c for c in table.columns if not c.nullable and c.server_default is None and c.name not in given]
    lacking = [c for c in lacking if c is not table.autoincrement_column]
    add_row(engine, name, **given, **{c.name: blank.get(c.type.python_type, 0) for c in lacking})


def fill(engine: sa.Engine) -> None:
    """Something of Ann's in every table that can hold something of a mailbox."""
    for table, values in {**KEPT, **PURGED, **SOGO}.items():
        put(engine, table, **values)
    for uid, path in ((BOB, f"/{ANN}/Calendar/x"), (BOB, f"/x{ANN}/Calendar/x"), (ANN, "/other/y")):
        put(engine, "sogo_acl", c_uid=uid, c_object=path)
    put(engine, "sender_acl", logged_in_as=BOB, send_as=ANN)
    put(engine, "sender_acl", logged_in_as=EVE, send_as="only.ann@example.org")
    put(engine, "bcc_maps", local_dest="z@example.org", bcc_dest=ANN, domain="example.org", type="rcpt")
    put(engine, "recipient_maps", old_dest="w@example.org", new_dest=ANN)
    put(engine, "domain_wide_footer", domain="example.org", mbox_exclude=[ANN, BOB], alias_domain_exclude=[])
    add_alias(engine, "only.ann@example.org", "Ann@Example.org")
    add_alias(engine, "@example.org", ANN)
    add_alias(engine, "team@example.org", BOB, ANN)
    add_alias(engine, "joann@example.org", "jo" + ANN)


@pytest.fixture
def full(ops: Ops) -> Ops:
    fill(ops.site.engine)
    for key in HASHES:
        ops.site.keyvalue.hset(key, {ANN: "1", BOB: "2"})
    ops.site.host.make_maildirs({"example.org/ann": 5, "example.org/bob": 6})
    return ops


def named(engine: sa.Engine, name: str = ANN) -> dict[str, int]:
    """How often the name stands anywhere in the contract's tables."""
    found = {table: str(found).lower().count(f"'{name}'") for table, found in snapshot(engine).items()}
    return {table: count for table, count in found.items() if count}


def remove(ops: Ops, *names: str) -> int:
    change = ops.commit(ops.mailboxes.delete(list(names or (ANN,)))).change_id
    assert change is not None
    return change


def test_nothing_is_left_of_it(full: Ops) -> None:
    engine = full.site.engine
    others = {table: named(engine, BOB).get(table, 0) for table in metadata.tables}
    remove(full)
    assert named(engine) == {}
    assert not rows(engine, "reset_password") and not rows(engine, "fido2") and not rows(engine, "sogo_store")
    assert [row["c_object"] for row in rows(engine, "sogo_acl")] == [f"/x{ANN}/Calendar/x"]
    left = {row["address"]: row["goto"] for row in rows(engine, "alias")}
    assert left == {BOB: BOB, EVE: EVE, "team@example.org": BOB, "joann@example.org": "jo" + ANN}
    assert not rows(engine, "sender_acl") and rows(engine, "domain_wide_footer")[0]["mbox_exclude"] == [BOB]
    assert hashes(full, *HASHES) == {key: {BOB: "2"} for key in HASHES}
    assert full.site.host.maildirs() == {"example.org/bob": 6}
    verbs = [(entry["verb"], entry.get("path") or entry.get("user")) for entry in reversed(full.site.host.log())]
    assert verbs == [("flush_memcached", None), ("maildir_cleanup", "example.org/ann"), ("flush_auth_cache", ANN)]
    changed = ("alias", "sender_acl", "sogo_acl", "_sogo_static_view")
    assert {t: c for t, c in others.items() if t not in changed and c != named(engine, BOB).get(t, 0)} == {}


def test_an_undo_brings_back_all_but_secrets_and_mail(full: Ops) -> None:
    engine = full.site.engine
    before = snapshot(engine)
    plan = full.undo(remove(full))
    assert {w.key for w in plan.warnings} == {"effect_not_undone", "secret_not_restored"}
    full.commit(plan)
    after = snapshot(engine)
    differ = {name for name in after if after[name] != before[name]} - set(PURGED) - set(SOGO)
    secret = {"mailbox", "app_passwd", "pushover", "imapsync"}
    assert differ <= secret | {"sogo_acl", "sogo_store", "sogo_folder_info", "_sogo_static_view", "sender_acl"}
    hidden = {"password", "password1", "key", "token"}
    for table in secret:
        pairs = zip(after[table], before[table], strict=True)
        assert all({k for k in a if a[k] != b[k]} <= hidden for a, b in pairs)
    assert rows(engine, "mailbox", username=ANN)[0]["password"] == "{CRYPT}*"
    assert hashes(full, *HASHES) == {key: {ANN: "1", BOB: "2"} for key in HASHES}


def test_the_blast_radius_is_told_before(full: Ops) -> None:
    told = {blast.what: blast.count for blast in full.mailboxes.delete(ANN).blast}
    assert told["aliases"] == 2 and told["aliases that lose a target"] == 1 and told["sign-in tokens"] == 3
    assert told["quarantined mails"] == told["app passwords"] == told["second factors"] == told["passkeys"] == 1
    assert rows(full.site.engine, "mailbox", username=ANN)


def test_no_secret_reaches_journal_or_outbox(full: Ops) -> None:
    remove(full)
    for table in ("ops_change", "ops_change_row", "ops_outbox"):
        assert "s3cret" not in str(rows(full.site.engine, table))


def test_several_at_once_share_an_alias(full: Ops) -> None:
    before = snapshot(full.site.engine)
    change = remove(full, ANN, BOB)
    assert not rows(full.site.engine, "alias", address="team@example.org")
    full.commit(full.undo(change))
    assert snapshot(full.site.engine)["alias"] == before["alias"]


def test_more_than_a_few_are_found_by_membership_too(full: Ops) -> None:
    many = [add_mailbox(full.site.engine, f"u{number}@example.org") for number in range(30)]
    remove(full, ANN, *many)
    assert named(full.site.engine) == {}


def test_the_rows_go_before_the_mail(full: Ops) -> None:
    plan = full.mailboxes.delete(ANN)
    with write(full.site.engine) as connection:
        connection.execute(metadata.tables["quota2"].delete())
    with pytest.raises(UserError):
        full.commit(plan)
    assert full.site.host.maildirs()["example.org/ann"] == 5 and named(full.site.engine)


def test_wildcards_in_names_mean_nothing(ops: Ops) -> None:
    engine = ops.site.engine
    for name in ("a_b@example.org", "axb@example.org"):
        add_mailbox(engine, name)
        put(engine, "sogo_acl", c_uid=BOB, c_object=f"/{name}/x")
    add_alias(engine, "w@example.org", "axb@example.org")
    remove(ops, "a_b@example.org")
    assert rows(engine, "alias", address="w@example.org") and rows(engine, "mailbox", username="axb@example.org")
    assert [row["c_object"] for row in rows(engine, "sogo_acl")] == ["/axb@example.org/x"]


def test_others_see_their_sogo_row_without_the_lost_right(ops: Ops) -> None:
    add_row(ops.site.engine, "sender_acl", logged_in_as=EVE, send_as=ANN, external=1)
    ops.commit(ops.mailboxes.edit(EVE, {"full_name": "Eve"}))
    assert rows(ops.site.engine, "_sogo_static_view", c_uid=EVE)[0]["ext_acl"] == ANN
    remove(ops)
    assert rows(ops.site.engine, "_sogo_static_view", c_uid=EVE)[0]["ext_acl"] == ""


def test_an_undo_is_held_to_what_holds_now(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", mailboxes=1)
    add_mailbox(ops.site.engine, "a@small.example")
    change = remove(ops, "a@small.example")
    ops.commit(ops.mailboxes.add({"local_part": "b", "domain": "small.example", "password": "Spring-2026"}))
    with pytest.raises(UserError) as caught:
        ops.commit(ops.undo(change))
    assert caught.value.key == "max_mailbox_exceeded"
    change = remove(ops)
    add_alias(ops.site.engine, "ann@example.net", BOB)
    with pytest.raises(UserError) as caught:
        ops.commit(ops.undo(change))
    assert caught.value.key == "is_alias"


def test_what_is_not_there_is_refused(ops: Ops) -> None:
    assert keys_of(ops.mailboxes.delete("nobody@example.org")) == {"access_denied"}
    add_row(ops.site.engine, "mailbox", username="room@example.org", kind="location", domain="example.org", local_part="room",
            password="RESOURCE", quota=0, custom_attributes={})  # fmt: skip
    assert keys_of(ops.mailboxes.delete("room@example.org")) == {"access_denied"}
