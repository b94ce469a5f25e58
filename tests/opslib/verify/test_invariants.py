"""Every invariant, broken by plain SQL: exactly that one is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from opslib import demo, registry
from opslib.site import Site
from opslib.stores.database import read, write
from opslib.verify import INVARIANTS, verify
from tests.opslib.resources.support import make_site

GUESSABLE = "{SSHA256}47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    """A clean tiny site."""
    found = make_site(engine)
    demo.load(found)
    return found


@contextmanager
def careless(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which foreign keys are not checked: what a clumsy tool does."""
    sqlite = engine.dialect.name == "sqlite"
    off, on = (
        ("PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON")
        if sqlite
        else ("SET foreign_key_checks=0", "SET foreign_key_checks=1")
    )
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.cursor().execute(off)
        if sqlite:
            driver.create_function("concat", -1, lambda *parts: "".join(parts))
        yield connection
        connection.commit()
        driver.cursor().execute(on)


@dataclass(frozen=True)
class Break:
    """How to break an invariant: statements with bound names of `facts`, or fields of key-value hashes."""

    name: str
    sql: tuple[str, ...] = ()
    fields: dict[str, dict[str, str]] = field(default_factory=dict)
    rebuild: bool = True


def facts(site: Site) -> dict[str, Any]:
    """Names the statements need: an active mailbox, another of its domain, its domain, an alias domain, a resource."""
    with read(site.engine) as connection:

        def one(sql: str, **values: Any) -> Any:
            return connection.execute(sa.text(sql), values).scalar()

        domain = one(
            "SELECT target_domain FROM alias_domain JOIN mailbox ON domain = target_domain AND kind = '' "
            "GROUP BY target_domain ORDER BY count(*) DESC"
        )
        alias_domain = one("SELECT min(alias_domain) FROM alias_domain WHERE target_domain = :d", d=domain)
        mine = "FROM mailbox WHERE kind = '' AND active = 1 AND domain = :d"
        box = one(f"SELECT min(username) {mine}", d=domain)
        return {
            "box": box,
            "local": box.partition("@")[0],
            "other": one(f"SELECT max(username) {mine}", d=domain),
            "domain": domain,
            "ad": alias_domain,
            "resource": one("SELECT min(username) FROM mailbox WHERE kind <> ''"),
            "alias": one("SELECT min(address) FROM alias WHERE address <> goto AND goto LIKE '%@%.%' AND domain = :d", d=domain),
            "upper": box.upper(),
            "viaad": f"{box.partition('@')[0]}@{alias_domain}",
            "guessable": GUESSABLE,
            "ghost": "ghost@gone.example",
        }  # fmt: skip


def run(site: Site, broken: Break) -> dict[str, Any]:
    """Break it, and rebuild what follows from the tables unless that is what is broken."""
    names = facts(site)
    with careless(site.engine) as connection:
        for sql in broken.sql:
            statement = sa.text(sql)
            wanted = {name: names[name] for name in statement.compile().params if name in names}
            connection.execute(statement, wanted)
    for key, values in broken.fields.items():
        site.keyvalue.hset(key, {name.format(**names): value for name, value in values.items()})
    if broken.rebuild:
        with write(site.engine) as connection:
            registry.derive("alias_targets", connection, site)
            registry.derive("sogo", connection, site)
    return names


_JSON = "UPDATE mailbox SET attributes = json_set(attributes, '$.{0}', {1}) WHERE username = :box"
_SCORES = "DELETE FROM filterconf WHERE object = :box"
_SCORE = "INSERT INTO filterconf (object, `option`, value) VALUES (:box, '{0}', '{1}')"
_ALIAS = "INSERT INTO alias (address, goto, domain) VALUES ({0}, {1}, {2})"
_FOOTER = (
    "DELETE FROM domain_wide_footer WHERE domain = :domain",
    "INSERT INTO domain_wide_footer (domain, html, plain, mbox_exclude, alias_domain_exclude) "
    "VALUES (:domain, '', '', '{\"0\": \"a\"}', '[]')",
)
_POLICY = "INSERT INTO mta_sts (id, domain, version, mode, mx, max_age) VALUES ({0}, :domain, 'stsv1', '{1}', 'a.example', '60')"
_NO_POLICY = "DELETE FROM mta_sts WHERE domain = :domain"

BREAKS = (
    # rows of a mailbox
    Break("quota2_missing", ("DELETE FROM quota2 WHERE username = :box",)),
    Break("quota2replica_missing", ("DELETE FROM quota2replica WHERE username = :box",)),
    Break("user_acl_missing", ("DELETE FROM user_acl WHERE username = :box",)),
    Break("self_row_missing", ("DELETE FROM alias WHERE address = :box",)),
    Break("self_row_goto", ("UPDATE alias SET goto = :other WHERE address = :box",)),
    Break("self_row_active", ("UPDATE alias SET active = 0 WHERE address = :box",)),
    Break("self_row_active", ("UPDATE mailbox SET active = 2 WHERE username = :box",)),
    Break("self_row_orphan", (_ALIAS.format("concat('ghost@', :domain)", "concat('ghost@', :domain)", ":domain"),)),
    Break("mailbox_lower_case", ("UPDATE mailbox SET username = :upper WHERE username = :box",)),
    Break("mailbox_name_parts", ("UPDATE mailbox SET local_part = 'else' WHERE username = :box",)),
    Break("mailbox_kind", ("UPDATE mailbox SET kind = 'boat' WHERE username = :resource",)),
    Break("mailbox_active", ("UPDATE mailbox SET active = 7 WHERE username = :resource",)),
    # attributes
    Break("attributes_complete", ("UPDATE mailbox SET attributes = NULL WHERE username = :box",)),
    Break(
        "attributes_complete",
        ("UPDATE mailbox SET attributes = json_remove(attributes, '$.mailbox_format') WHERE username = :box",),
    ),
    Break("attributes_text", (_JSON.format("imap_access", "1"),)),
    Break("attributes_text", (_JSON.format("relayhost", "0"),)),
    Break("attributes_values", (_JSON.format("quarantine_notification", "'sometimes'"),)),
    Break("attributes_values", (_JSON.format("mailbox_format", "'maildir'"),)),
    Break("custom_attributes", ("""UPDATE mailbox SET custom_attributes = '{"a": {"b": "c"}}' WHERE username = :box""",)),
    # names
    Break("domain_spelling", ("INSERT INTO domain (domain) VALUES ('Upper.example')",), {"DOMAIN_MAP": {"Upper.example": "1"}}),
    Break(
        "alias_domain_spelling",
        ("INSERT INTO alias_domain (alias_domain, target_domain) VALUES ('bücher.example', :domain)",),
        {"DOMAIN_MAP": {"bücher.example": "1"}},
    ),
    Break("domain_twice", ("INSERT INTO domain (domain) VALUES (:ad)",)),
    Break("address_twice", ("INSERT INTO spamalias (address, goto, description) VALUES (:alias, :box, '')",)),
    Break("address_twice", ("INSERT INTO spamalias (address, goto, description) VALUES (:resource, :box, '')",)),
    Break("address_shadows_mailbox", (_ALIAS.format(":viaad", ":other", ":ad"),)),
    # aliases
    Break("alias_domain_part", ("UPDATE alias SET domain = :ad WHERE address = :box",)),
    Break("alias_address", (_ALIAS.format("concat('a..b@', :domain)", ":box", ":domain"),)),
    Break("alias_domain_known", (_ALIAS.format("'x@gone.example'", ":box", "'gone.example'"),)),
    *(
        Break("alias_goto", (_ALIAS.format("concat('x@', :domain)", goto, ":domain"),))
        for goto in ("''", "concat(:box, ',')", "concat(:box, ', ', :other)", "concat(:box, ',', upper(:box))",
                     "concat(:box, ',null@localhost')", "'nowhere'")
    ),
    Break("alias_to_resource", (_ALIAS.format("concat('x@', :domain)", ":resource", ":domain"),)),
    Break("alias_to_itself", (_ALIAS.format("concat('x@', :domain)", "concat('x@', :domain, ',', :box)", ":domain"),)),
    # filters
    Break("score_pairs", (_SCORES, _SCORE.format("highspamlevel", "15"))),
    Break("score_values", (_SCORES, _SCORE.format("highspamlevel", "5"), _SCORE.format("lowspamlevel", "15"))),
    Break("score_values", (_SCORES, _SCORE.format("highspamlevel", "many"), _SCORE.format("lowspamlevel", "1"))),
    Break("filter_options", (_SCORE.format("spamlevel", "1"),)),
    Break("list_values", (_SCORE.format("whitelist_from", "Big+News@a.example"),)),
    Break("list_once", (_SCORE.format("whitelist_from", "a.example"), _SCORE.format("blacklist_from", "a.example"))),
    # relays
    Break("relay_flags", ("UPDATE domain SET relay_unknown_only = 1 WHERE domain = :domain",)),
    Break("alias_domain_target", ("UPDATE alias_domain SET target_domain = 'gone.example' WHERE alias_domain = :ad",)),
    Break(
        "alias_domain_chain",
        ("INSERT INTO alias_domain (alias_domain, target_domain) VALUES ('chain.example', :ad)",),
        {"DOMAIN_MAP": {"chain.example": "1"}},
    ),
    Break("alias_domain_relay", ("UPDATE domain SET backupmx = 1 WHERE domain = :domain",)),
    Break("domain_relayhost", ("UPDATE domain SET relayhost = '99' WHERE domain = :domain",)),
    Break("mailbox_relayhost", (_JSON.format("relayhost", "'99'"),)),
    # limits
    Break("quota_order", ("UPDATE domain SET defquota = maxquota + 1 WHERE domain = :domain",)),
    Break("quota_positive", ("UPDATE domain SET defquota = 0 WHERE domain = :domain",)),
    Break(
        "quota_sum",
        (
            "UPDATE domain SET quota = maxquota WHERE domain = :domain",
            "UPDATE mailbox SET quota = (SELECT maxquota * 1048576 FROM domain WHERE domain = :domain) "
            "WHERE username IN (:box, :other)",
        ),
    ),
    Break(
        "quota_largest",
        (
            "UPDATE domain SET quota = 99999999 WHERE domain = :domain",
            "UPDATE mailbox SET quota = (SELECT (maxquota + 1) * 1048576 FROM domain WHERE domain = :domain) "
            "WHERE username = :box",
        ),
    ),
    Break("quota_negative", ("UPDATE mailbox SET quota = -1 WHERE username = :box",)),
    Break("mailbox_count", ("UPDATE domain SET mailboxes = 1 WHERE domain = :domain",)),
    Break("alias_count", ("UPDATE domain SET aliases = 1 WHERE domain = :domain",)),
    # key-value store
    Break("domain_map_stale", (), {"DOMAIN_MAP": {"gone.example": "1"}}),
    Break("rate_limit_form", (), {"RL_VALUE": {"{box}": "10/1h"}}),
    Break("rate_limit_form", (), {"RL_VALUE": {"{ad}": "0 / 1h"}}),
    Break("rate_limit_object", (), {"RL_VALUE": {"ghost@gone.example": "10 / 1h"}}),
    *(
        Break("quota_copies_shape", (), {"QW_BCC": {"{domain}": json.dumps(value)}})
        for value in ({"bcc_rcpts": {"1": "a@a.example"}, "active": 1}, {"bcc_rcpts": [], "active": "1"}, [], "x",
                      {"bcc_rcpts": [], "active": True}, {"bcc_rcpts": [1], "active": 1})
    ),
    Break("quota_copies_shape", (), {"QW_BCC": {"{domain}": "{"}}),
    Break("quota_copies_object", (), {"QW_BCC": {"gone.example": '{"bcc_rcpts": [], "active": 0}'}}),
    Break("rcpt_wants_subject_tag", (), {"RCPT_WANTS_SUBJECT_TAG": {"ghost@gone.example": "1"}}),
    Break("rcpt_wants_subfolder_tag", (), {"RCPT_WANTS_SUBFOLDER_TAG": {"ghost@gone.example": "1"}}),
    # SOGo
    Break("sogo_rows", ("DELETE FROM _sogo_static_view WHERE c_uid = :box",), rebuild=False),
    Break("sogo_rows", ("UPDATE _sogo_static_view SET aliases = 'x@a.example' WHERE c_uid = :box",), rebuild=False),
    Break("sogo_rows", ("UPDATE _sogo_static_view SET ad_aliases = '' WHERE c_uid = :box",), rebuild=False),
    Break("sogo_rows", ("UPDATE _sogo_static_view SET c_cn = 'Somebody' WHERE c_uid = :box",), rebuild=False),
    Break(
        "sogo_rows",
        ("UPDATE mailbox SET active = 0 WHERE username = :box", "UPDATE alias SET active = 0 WHERE address = :box"),
        rebuild=False,
    ),
    Break("sogo_password", ("UPDATE _sogo_static_view SET c_password = :guessable WHERE c_uid = :box",)),
    Break("sogo_password", ("UPDATE _sogo_static_view SET c_password = '' WHERE c_uid = :box",)),
    Break("sogo_password", ("UPDATE _sogo_static_view SET c_password = '{PLAIN}x' WHERE c_uid = :box",)),
    # policies
    Break("mta_sts_id", (_NO_POLICY, _POLICY.format(1, "enforce"))),
    Break("mta_sts_policy", (_NO_POLICY, _POLICY.format(20260101120000, "always"))),
    Break("footer_lists", _FOOTER),
    # orphans
    Break("mailbox_domain", ("INSERT INTO mailbox (username, password, local_part, domain, kind, custom_attributes) "
                             "VALUES ('room@gone.example', 'RESOURCE', 'room', 'gone.example', 'location', '{}')",)),
    Break("mailbox_address", ("INSERT INTO mailbox (username, password, local_part, domain, kind, custom_attributes) "
                              "VALUES (concat('a..room@', :domain), 'RESOURCE', 'a..room', :domain, 'location', '{}')",)),
    Break("orphan_user_acl", ("INSERT INTO user_acl (username) VALUES (:ghost)",)),
    Break("orphan_quota2", ("INSERT INTO quota2 (username) VALUES (:ghost)",)),
    Break("orphan_quota2replica", ("INSERT INTO quota2replica (username) VALUES (:ghost)",)),
    Break("orphan_tags_mailbox", ("INSERT INTO tags_mailbox (tag_name, username) VALUES ('a', :ghost)",)),
    Break("orphan_app_passwd", ("INSERT INTO app_passwd (name, mailbox, domain, password) VALUES ('a', :ghost, 'b', 'c')",)),
    Break("orphan_pushover", ("INSERT INTO pushover (username, `key`, token) VALUES (:ghost, 'a', 'b')",)),
    Break("orphan_sender_acl", ("INSERT INTO sender_acl (logged_in_as, send_as) VALUES (:ghost, :box)",)),
    Break("orphan_spamalias", ("INSERT INTO spamalias (address, goto, description) VALUES ('t.u@a.example', :ghost, '')",)),
    Break("orphan_tags_domain", ("INSERT INTO tags_domain (tag_name, domain) VALUES ('a', 'gone.example')",)),
    Break("orphan_domain_wide_footer", (_FOOTER[1].replace(":domain", "'gone.example'").replace('{"0": "a"}', "[]"),)),
    Break("orphan_mta_sts", (_POLICY.format(20260101120000, "none").replace(":domain", "'gone.example'"),)),
    Break("orphan_domain_admins", ("INSERT INTO domain_admins (username, domain) VALUES ('x', 'gone.example')",)),
    Break("orphan_filterconf", ("INSERT INTO filterconf (object, `option`, value) VALUES (:ghost, 'whitelist_from', 'a')",)),
    # our own
    Break("alias_target_index", ("DELETE FROM ops_alias_target WHERE target = :box",), rebuild=False),
    Break(
        "alias_target_index",
        ("INSERT INTO ops_alias_target (target, alias_id) VALUES ('x@y.example', 999999)",),
        rebuild=False,
    ),
    Break(
        "effects_done",
        ("INSERT INTO ops_outbox (change_id, kind, verb, args, label, state, due) "
         "VALUES (1, 'host', 'restart', '{}', 'Restart SOGo', 'given_up', '2026-01-01 00:00:00')",),
    ),
)  # fmt: skip


def test_a_clean_site_has_no_findings(site):
    assert verify(site) == []


@pytest.mark.parametrize("broken", BREAKS, ids=lambda one: one.name)
def test_a_broken_invariant_is_found_and_no_other(site, broken):
    run(site, broken)
    found = verify(site)
    assert {finding.invariant for finding in found} == {broken.name}
    assert all(finding.key and finding.sentence.endswith(".") and finding.hint for finding in found)


def test_a_missing_field_of_domain_map_is_found(site):
    site.keyvalue.hdel("DOMAIN_MAP", facts(site)["ad"])
    assert [finding.invariant for finding in verify(site)] == ["domain_map_missing"]


def _altered(site: Site, do: str, undo: str) -> list[str]:
    """Names found while a table has another shape; the shape is put back."""
    with site.engine.begin() as connection:
        connection.exec_driver_sql(do)
    try:
        return [finding.invariant for finding in verify(site)]
    finally:
        with site.engine.begin() as connection:
            connection.exec_driver_sql(undo)


def test_a_column_of_ours_in_a_table_of_theirs_is_found(site):
    add, drop = "ALTER TABLE quota2 ADD COLUMN ours INT", "ALTER TABLE quota2 DROP COLUMN ours"
    assert _altered(site, add, drop) == ["table_columns"]


def test_an_index_of_ours_in_a_table_of_theirs_is_found(site):
    add = "CREATE INDEX ours ON quota2 (bytes)"
    drop = "DROP INDEX ours" if site.engine.dialect.name == "sqlite" else "DROP INDEX ours ON quota2"
    assert _altered(site, add, drop) == ["table_indexes"]


def test_every_invariant_is_broken_by_some_test():
    elsewhere = {"domain_map_missing", "table_columns", "table_indexes"}
    assert {broken.name for broken in BREAKS} | elsewhere == INVARIANTS.keys()


def test_every_invariant_says_what_it_is():
    for rule in INVARIANTS.values():
        assert rule.doc.endswith(".") and rule.hint.endswith(".") and rule.severity in ("error", "warning")
        assert 0 <= rule.number <= 18
