from __future__ import annotations

from typing import Any

import pytest

from opslib import passwords
from opslib.errors import UserError
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.resources import passwording
from opslib.schema import metadata
from tests.opslib.resources.support import (
    MIB,
    add_alias,
    add_domain,
    add_mailbox,
    add_resource,
    add_row,
    hashes,
    keys_of,
    rows,
    snapshot,
)

NEW = "carl@example.org"
HASH = "{SSHA256}c2FsdGVkIGhhc2ggb2Ygbm90aGluZyBhdCBhbGwsIHJlYWxseSBub3RoaW5n"
GIVEN = {"local_part": "carl", "domain": "example.org", "password": "Spring-2026"}


def plan(ops: Ops, **values: Any) -> Plan:
    return ops.mailboxes.add_many([{**GIVEN, **values}])


def add(ops: Ops, **values: Any) -> int:
    change = ops.commit(ops.mailboxes.add({**GIVEN, **values})).change_id
    assert change is not None
    return change


def box(ops: Ops, name: str = NEW) -> dict[str, Any]:
    (found,) = rows(ops.site.engine, "mailbox", username=name)
    return found


def template(ops: Ops, **attributes: Any) -> str:
    return str(add_row(ops.site.engine, "templates", template="Own", type="mailbox", attributes=attributes))


# -- rows -----------------------------------------------------------------------------------------------------------
def test_every_row_a_mailbox_needs(ops: Ops) -> None:
    add(ops, full_name="Carl Ö", quota="512", tags="b, a", rate_limit="10/h", tagged_mail_handler="subject")
    engine, row = ops.site.engine, box(ops)
    plain = {
        "name": "Carl Ö",
        "quota": 512 * MIB,
        "local_part": "carl",
        "domain": "example.org",
        "kind": "",
        "active": 1,
    }
    plain |= {"authsource": "mailcow", "custom_attributes": {}, "mailbox_path_prefix": "/var/vmail/"}
    assert {name: row[name] for name in plain} == plain
    assert passwords.verify("Spring-2026", row["password"]) and row["password"].startswith("{BLF-CRYPT}$2y$10$")
    on = ("sogo", "imap", "pop3", "smtp", "sieve", "eas", "dav")
    off = ("force_pw_update", "force_tfa", "tls_enforce_in", "tls_enforce_out", "relayhost")
    assert row["attributes"] == {
        **{f"{name}_access": "1" for name in on},
        **dict.fromkeys(off, "0"),
        "passwd_update": "2026-03-01 12:00:00",
        "mailbox_format": "maildir:",
        "quarantine_notification": "hourly",
        "quarantine_category": "reject",
        "attribute_hash": "",
    }
    (self_row,) = rows(engine, "alias", address=NEW)
    assert self_row["goto"] == NEW and self_row["domain"] == "example.org" and self_row["active"] == 1
    for table in ("quota2", "quota2replica"):
        assert rows(engine, table, username=NEW) == [{"username": NEW, "bytes": 0, "messages": 0}]
    (bits,) = rows(engine, "user_acl", username=NEW)
    assert [name for name, value in bits.items() if value == 0] == ["syncjobs", "sogo_profile_reset", "pw_reset"]
    assert sorted(tag["tag_name"] for tag in rows(engine, "tags_mailbox", username=NEW)) == ["a", "b"]
    (sogo,) = rows(engine, "_sogo_static_view", c_uid=NEW)
    assert sogo["ad_aliases"] == "carl@example.net" and sogo["c_password"] and sogo["c_cn"] == "Carl Ö"
    assert hashes(ops, "RL_VALUE", "RCPT_WANTS_SUBJECT_TAG") == {
        "RL_VALUE": {NEW: "10 / 1h"},
        "RCPT_WANTS_SUBJECT_TAG": {NEW: "1"},
    }
    assert [entry["verb"] for entry in ops.site.host.log()] == ["flush_memcached"]


def test_an_undo_takes_everything_away(ops: Ops) -> None:
    before = snapshot(ops.site.engine)
    change = add(ops, tags="x", rate_limit="10/h", spam_score="4,8", tagged_mail_handler="subfolder")
    ops.commit(ops.undo(change))
    after = snapshot(ops.site.engine)
    assert {name for name in after if after[name] != before[name]} <= {"_sogo_static_view"}  # a password is new there
    assert not any(hashes(ops, "RL_VALUE", "RCPT_WANTS_SUBFOLDER_TAG").values())


def test_an_undo_leaves_no_rows_that_were_made_for_it(ops: Ops) -> None:
    change = add(ops)
    add_row(ops.site.engine, "spamalias", address="x@example.org", goto=NEW, description="", validity=1)
    with pytest.raises(UserError, match="temporary aliases"):
        ops.commit(ops.undo(change))
    assert box(ops)


@pytest.mark.parametrize(("active", "seen"), [("off", 0), ("receives only", 2)])
def test_the_self_row_mirrors_the_state(ops: Ops, active: str, seen: int) -> None:
    add(ops, active=active)
    assert rows(ops.site.engine, "alias", address=NEW)[0]["active"] == box(ops)["active"] == seen
    assert not rows(ops.site.engine, "_sogo_static_view", c_uid=NEW)


def test_what_an_earlier_mailbox_left_behind_goes(ops: Ops) -> None:
    engine = ops.site.engine
    add_row(engine, "quota2", username=NEW, bytes=7, messages=1)
    for option in ("lowspamlevel", "highspamlevel"):
        add_row(engine, "filterconf", object=NEW, option=option, value="3")
    ops.site.keyvalue.hset("RL_VALUE", {NEW: "1 / 1d"})
    ops.site.keyvalue.hset("RCPT_WANTS_SUBFOLDER_TAG", {NEW: "1"})
    change = add(ops)
    assert rows(engine, "quota2", username=NEW)[0]["bytes"] == 0 and not rows(engine, "filterconf")
    assert not any(hashes(ops, "RL_VALUE", "RCPT_WANTS_SUBFOLDER_TAG").values())
    ops.commit(ops.undo(change))
    assert rows(engine, "quota2", username=NEW)[0]["bytes"] == 7 and len(rows(engine, "filterconf")) == 2
    assert hashes(ops, "RL_VALUE") == {"RL_VALUE": {NEW: "1 / 1d"}}


# -- what was not given ---------------------------------------------------------------------------------------------
def test_the_name_falls_back_to_the_local_part_and_upper_case_is_lowered(ops: Ops) -> None:
    add(ops, local_part="  CARL ", domain="EXAMPLE.org")
    assert box(ops)["username"] == NEW and box(ops)["name"] == "carl"


def test_without_a_quota_the_domain_decides_and_several_share_what_is_left(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", defquota=1024, maxquota=2048, quota=1500)
    made = ops.mailboxes.add_many(
        [{"local_part": name, "domain": "small.example", "password": HASH} for name in ("a", "b", "c")]
    )
    assert [draft.after["quota"] // MIB for draft in made.writes[:2]] == [1024, 476]
    assert keys_of(made) == {"mailbox_quota_left_exceeded"}


def test_a_template_fills_what_was_left_empty(ops: Ops) -> None:
    chosen = template(
        ops, quota=256 * MIB, tags=["t"], tagged_mail_handler="subject", quarantine_category="all", rl_value="5", rl_frame="m",
        imap_access="0", active=2, acl_pushover=1, force_pw_update=1,
    )  # fmt: skip
    add(ops, template=chosen, imap_access=None, quota="", active="", full_name="")
    row, bits = box(ops), rows(ops.site.engine, "user_acl", username=NEW)[0]
    assert (row["quota"], row["active"], row["attributes"]["imap_access"]) == (256 * MIB, 2, "0")
    assert row["attributes"]["quarantine_category"] == "all" and row["attributes"]["force_pw_update"] == "1"
    assert [name for name, value in bits.items() if value == 1] == ["pushover"]
    assert hashes(ops, "RL_VALUE", "RCPT_WANTS_SUBJECT_TAG")["RL_VALUE"] == {NEW: "5 / 1m"}
    assert ops.mailboxes.get(NEW)["tagged_mail_handler"] == "subject"


def test_what_is_given_wins_over_the_template(ops: Ops) -> None:
    chosen = template(ops, quota=256 * MIB, rl_value="5", rl_frame="m", imap_access="0")
    add(ops, template=chosen, imap_access="1", quota="100", rate_limit="")
    assert box(ops)["quota"] == 100 * MIB and box(ops)["attributes"]["imap_access"] == "1"
    assert not hashes(ops, "RL_VALUE")["RL_VALUE"]


def test_a_form_is_filled_with_the_templates_values(ops: Ops) -> None:
    chosen = template(ops, quarantine_notification="weekly")
    assert ops.mailboxes.defaults({"template": chosen})["quarantine_notification"] == "weekly"


# -- where the password is ------------------------------------------------------------------------------------------
@pytest.fixture
def provider(ops: Ops) -> Ops:
    add_row(ops.site.engine, "identity_provider", key="authsource", value="generic-oidc")
    return ops


def test_an_external_sign_in_keeps_no_password_here(provider: Ops) -> None:
    add(provider, authsource="generic-oidc", force_pw_update="1", force_tfa="1")
    row = box(provider)
    assert row["password"] == "" and row["authsource"] == "generic-oidc"
    assert row["attributes"]["force_pw_update"] == row["attributes"]["force_tfa"] == "0"


def test_only_the_configured_provider_can_be_chosen(provider: Ops) -> None:
    assert keys_of(plan(provider, authsource="ldap")) == {"value_not_choice"}
    assert set(provider.mailboxes.choices("authsource")) == {"mailcow", "generic-oidc"}


def test_a_password_is_needed_and_judged(ops: Ops) -> None:
    assert keys_of(plan(ops, password="")) == {"field_needed"}
    assert keys_of(plan(ops, password="short")) == {"password_complexity"}
    assert keys_of(plan(ops, password="x" * 73)) == {"password_too_long"}
    ops.site.keyvalue.hset("PASSWD_POLICY", {"length": "12", "numbers": "1"})
    assert keys_of(plan(ops, password="Spring-20")) == {"password_complexity"}
    assert not keys_of(plan(ops, password="Spring-2026-x"))


def test_a_made_password_is_handed_out_once(ops: Ops) -> None:
    made = plan(ops, password="*")
    assert passwords.verify(made.generated[NEW], made.writes[0].after["password"])
    assert made.generated[NEW] not in repr(made) + str(made.preview()) + made._repr_html_()
    assert not plan(ops, password="*", quota="999999").generated


def test_many_clear_passwords_are_hashed_by_a_pool_that_reports(ops: Ops) -> None:
    many = [{**GIVEN, "local_part": f"u{number}", "quota": "1"} for number in range(12)]
    told: list[tuple[int, int]] = []
    made = ops.mailboxes.add_many(many, lambda *numbers: told.append(numbers))
    assert told[-1] == (12, 12) and not made.refused
    assert all(passwords.verify("Spring-2026", write.after["password"]) for write in made.writes[:12])


def test_given_hashes_are_kept_and_nothing_is_hashed(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(passwording.passwords, "make")
    monkeypatch.delattr(passwording.passwords, "HashPool")
    made = ops.mailboxes.add_many([{**GIVEN, "local_part": f"u{n}", "quota": "1", "password": HASH} for n in range(20)])
    assert {write.after["password"] for write in made.writes[:20]} == {HASH}


# -- names ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "local",
    ["", "a b", "a/b", "a+b", "o'neil", "a%", "*", "..", ".a", "a..b", "ä", "<b>", "a\\b", "a" * 65, "a@b", "a$b"],
)
def test_unusable_names(ops: Ops, local: str) -> None:
    assert keys_of(plan(ops, local_part=local)) <= {"local_part_invalid", "field_needed", "value_too_long"}
    assert plan(ops, local_part=local).refused


@pytest.mark.parametrize("local", ["a\0b", "a\ud800b", "a\nb", "\udfff"])
def test_names_of_control_characters(ops: Ops, local: str) -> None:
    for name in ("local_part", "full_name", "domain"):
        assert plan(ops, **{name: local}).refused
    assert "\n" in local or plan(ops, tags=[local]).refused


@pytest.mark.parametrize("local", ["a%b", "a_b", "a-b", "x" * 64, "a.b", "_a"])
def test_like_wildcards_mean_nothing(ops: Ops, local: str) -> None:
    add_mailbox(ops.site.engine, "azb@example.org")
    assert keys_of(plan(ops, local_part=local)) <= ({"local_part_invalid"} if "%" in local else set())


def test_a_name_that_is_html_stays_text(ops: Ops) -> None:
    name = "<img src=x onerror=alert(1)> & 'Co' \"x\""
    change = add(ops, full_name=name)
    assert box(ops)["name"] == name and ops.mailboxes.get(NEW)["full_name"] == name
    shown = ops.mailboxes.edit(NEW, {"full_name": "<b>x</b>"})._repr_html_()
    assert "<b>" not in shown and "<img" not in shown
    ops.commit(ops.undo(change))


def test_the_longest_names(ops: Ops) -> None:
    assert keys_of(plan(ops, full_name="n" * 256)) == {"value_too_long"}
    add(ops, full_name="n" * 255)
    domain = add_domain(ops.site.engine, ".".join(["d" * 60] * 4))
    assert keys_of(plan(ops, local_part="l" * 64, domain=domain)) == {"value_invalid"}
    assert plan(ops, local_part="x" * 300).refused and plan(ops, domain="x" * 300).refused


def test_an_idn_domain_is_given_in_either_form(ops: Ops) -> None:
    add_domain(ops.site.engine, "xn--bcher-kva.example")
    add(ops, domain="BÜCHER.example")
    assert box(ops, "carl@xn--bcher-kva.example")
    assert ops.mailboxes.choices("domain")["xn--bcher-kva.example"] == "bücher.example"


# -- who has the address --------------------------------------------------------------------------------------------
def test_the_address_is_free(ops: Ops) -> None:
    engine = ops.site.engine
    add_alias(engine, "Alias@example.org", "x@elsewhere.example")
    add_resource(engine, "room@example.org")
    add_row(engine, "spamalias", address="temp@example.org", goto="ann@example.org", description="", validity=1)
    taken = {"ann": "object_exists", "room": "object_exists", "alias": "is_alias", "temp": "is_spam_alias"}
    assert {local: keys_of(plan(ops, local_part=local)) for local in taken} == {k: {v} for k, v in taken.items()}


def test_no_alias_shadows_it_in_an_alias_domain(ops: Ops) -> None:
    add_alias(ops.site.engine, "carl@example.net", "x@elsewhere.example")
    refused = plan(ops).refused
    assert [(o.key, o.args, o.field) for o in refused] == [("is_alias", ("carl@example.net",), "local_part")]


def test_an_alias_that_comes_meanwhile_is_seen(ops: Ops) -> None:
    for address in ("carl@example.net", NEW):
        made = plan(ops)
        key = add_alias(ops.site.engine, address, "x@elsewhere.example")
        with pytest.raises(UserError):
            ops.commit(made)
        assert not rows(ops.site.engine, "mailbox", username=NEW) and not rows(
            ops.site.engine, "user_acl", username=NEW
        )
        ops.commit(ops.aliases.delete(key))


def test_twice_in_one_plan(ops: Ops) -> None:
    made = ops.mailboxes.add_many([GIVEN, {**GIVEN, "local_part": "Carl"}])
    assert keys_of(made) == {"object_exists"} and made.count == 1


@pytest.mark.parametrize(
    ("domain", "key"),
    [
        ("nowhere.example", "domain_not_found"),
        ("example.net", "domain_not_found"),
        ("a b", "domain_invalid"),
        ("", "field_needed"),
    ],
)
def test_the_domain_is_one_of_the_server(ops: Ops, domain: str, key: str) -> None:
    assert keys_of(plan(ops, domain=domain)) == {key}


# -- room -----------------------------------------------------------------------------------------------------------
def test_room_for_mailboxes(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", mailboxes=1)
    made = ops.mailboxes.add_many([{**GIVEN, "domain": "small.example", "local_part": name} for name in "ab"])
    assert [(o.key, o.args) for o in made.refused] == [("max_mailbox_exceeded", (1, 1))]


@pytest.mark.parametrize(
    ("quota", "outcome"),
    [
        ("2048", None),
        ("2049", ("mailbox_quota_exceeded", (2048,))),
        ("-1", ("value_not_size", ("-1",))),
        ("x", ("value_not_size", ("x",))),
    ],
)
def test_room_for_quota(ops: Ops, quota: str, outcome: tuple[str, tuple[Any, ...]] | None) -> None:
    assert [(o.key, o.args) for o in plan(ops, quota=quota).refused] == ([outcome] if outcome else [])


def test_the_sum_of_quotas(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", quota=1000, maxquota=1000)
    many = [{**GIVEN, "domain": "small.example", "local_part": name, "quota": "600"} for name in "ab"]
    assert [(o.key, o.args) for o in ops.mailboxes.add_many(many).refused] == [("mailbox_quota_left_exceeded", (400,))]


def test_limits_hold_against_other_writers(ops: Ops) -> None:
    add_domain(ops.site.engine, "small.example", mailboxes=1, quota=1000, maxquota=1000)
    one, other = (plan(ops, domain="small.example", local_part=name, quota="600") for name in "ab")
    ops.commit(one)
    with pytest.raises(UserError) as caught:
        ops.commit(other)
    assert caught.value.key in {"max_mailbox_exceeded", "mailbox_quota_left_exceeded"}
    assert len(rows(ops.site.engine, "mailbox", domain="small.example")) == 1


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"quarantine_category": "x"}, "value_not_choice"),
        ({"quarantine_notification": "x"}, "value_not_choice"),
        ({"spam_score": "9,3"}, "spam_score_invalid"),
        ({"rate_limit": "-1/h"}, "rl_timeframe"),
        ({"rate_limit": "0/h"}, "rl_value"),
        ({"relayhost": "77"}, "relayhost_invalid"),
        ({"template": "77"}, "template_missing"),
        ({"tags": [f"t{n}" for n in range(27)]}, "tag_limit_exceeded"),
        ({"tags": "x" * 256}, "value_too_long"),
        ({"username": "x@example.org"}, "field_read_only"),
        ({"nonsense": "1"}, "field_unknown"),
        ({"acl": "superadmin"}, "value_not_choice"),
    ],
)
def test_other_values_are_judged(ops: Ops, values: dict[str, Any], key: str) -> None:
    assert keys_of(plan(ops, **values)) == {key}


def test_all_problems_are_told_at_once(ops: Ops) -> None:
    assert keys_of(plan(ops, local_part="ann", password="x", quota="9999")) == {"object_exists", "password_complexity"}
    assert keys_of(plan(ops, quota="x", local_part="ann")) == {"value_not_size", "object_exists"}


def test_tags_that_differ_by_case_or_accent_are_one(ops: Ops) -> None:
    add(ops, tags=["Café", "cafe", "x"])
    assert len(rows(ops.site.engine, "tags_mailbox", username=NEW)) == 2


def test_the_tables_are_those_of_the_contract() -> None:
    assert {"mailbox", "alias", "quota2", "quota2replica", "user_acl", "tags_mailbox"} <= set(metadata.tables)
