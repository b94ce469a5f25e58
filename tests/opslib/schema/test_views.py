"""What Dovecot and SOGo read through the views, and what the daily clean-up removes."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from opslib import schema
from opslib.schema.views import EVENTS


def rows(engine: sa.Engine, view: str) -> dict[str, str]:
    with engine.connect() as connection:
        found = connection.execute(sa.select(sa.text("*")).select_from(sa.text(view)))
        return {str(key): str(value) for key, value in found}


def put(engine: sa.Engine, table: sa.Table, *values: dict[str, object]) -> None:
    with engine.begin() as connection:
        for row in values:
            connection.execute(table.insert().values(row))


def mailbox(name: str, domain: str = "example.org") -> dict[str, object]:
    return {"username": f"{name}@{domain}", "password": "", "local_part": name, "domain": domain}


def alias(address: str, goto: str = "ann@example.org", **more: object) -> dict[str, object]:
    return {"address": address, "goto": goto, "domain": "example.org", **more}


def test_aliases_by_target(engine: sa.Engine) -> None:
    put(
        engine,
        schema.alias,
        alias("zoe@example.org"),
        alias("Bea@example.org"),
        alias("all@example.org", "ann@example.org,bob@example.org"),
        alias("ann@example.org"),  # self row
        alias("@example.org"),  # catch-all
        alias("off@example.org", active=0),
        alias("unseen@example.org", sogo_visible=0),
        alias("reception@example.org", active=2),
    )
    assert rows(engine, "grouped_mail_aliases") == {
        "ann@example.org": "Bea@example.org zoe@example.org",
        "ann@example.org,bob@example.org": "all@example.org",
    }


def test_sender_rights(engine: sa.Engine) -> None:
    def right(send_as: str, external: int = 0) -> dict[str, object]:
        return {"logged_in_as": "ann@example.org", "send_as": send_as, "external": external}

    put(engine, schema.sender_acl, right("z@example.net", 1), right("b@example.org"), right("@example.org"), right("*"))
    put(engine, schema.sender_acl, right("a@example.net", 1), right("@example.net", 1))
    assert rows(engine, "grouped_sender_acl") == {"ann@example.org": "* a@example.net b@example.org z@example.net"}
    assert rows(engine, "grouped_sender_acl_external") == {"ann@example.org": "a@example.net z@example.net"}


def test_addresses_in_alias_domains(engine: sa.Engine) -> None:
    put(engine, schema.mailbox, mailbox("ann"), mailbox("bob", "example.net"))
    for name, active in (("zz.example", 1), ("aa.example", 0)):
        put(engine, schema.alias_domain, {"alias_domain": name, "target_domain": "example.org", "active": active})
    assert rows(engine, "grouped_domain_alias_address") == {
        "ann@example.org": "ann@aa.example ann@zz.example",
        "bob@example.net": "",
    }


def test_sieve_scripts(engine: sa.Engine) -> None:
    put(engine, schema.mailbox, mailbox("ann"))
    base = {"username": "ann@example.org", "script_desc": "x"}
    for kind, state, script in (
        ("prefilter", "active", "keep;"),
        ("prefilter", "inactive", "stop;"),
        ("postfilter", "active", "discard;"),
    ):
        row = {"filter_type": kind, "script_name": state, "script_data": script}
        put(engine, schema.sieve_filters, base | row)
    with engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT * FROM sieve_before ORDER BY script_data").all()
        after = connection.exec_driver_sql("SELECT * FROM sieve_after").all()
    assert [tuple(row[1:]) for row in before] == [
        ("ann@example.org", "active", "keep;"),
        ("ann@example.org", "inactive", "stop;"),
    ]
    assert [row[3] for row in after] == ["discard;"]
    assert len({row[0] for row in (*before, *after)}) == 3
    if engine.dialect.name != "sqlite":
        assert before[0][0] == hashlib.md5(b"keep;", usedforsecurity=False).hexdigest()


@pytest.fixture
def mariadb(engine: sa.Engine) -> sa.Engine | None:
    return None if engine.dialect.name == "sqlite" else engine


def run(engine: sa.Engine, event: str) -> None:
    with engine.begin() as connection:
        for statement in EVENTS[event]:
            connection.exec_driver_sql(statement)


def test_clean_up_of_temporary_aliases(mariadb: sa.Engine | None) -> None:
    if mariadb is None:
        return
    for address, validity, permanent in (
        ("a@x.org", 1, 0),
        ("b@x.org", 1, 1),
        ("c@x.org", 2**31 - 1, 0),
        ("d@x.org", None, 0),
    ):
        row = {"address": address, "goto": "g@x.org", "description": "", "validity": validity, "permanent": permanent}
        put(mariadb, schema.spamalias, row)
    run(mariadb, "clean_spamalias")
    assert set(rows(mariadb, "(SELECT address, goto FROM spamalias) AS left_over")) == {"b@x.org", "c@x.org", "d@x.org"}


def test_clean_up_of_logins(mariadb: sa.Engine | None) -> None:
    if mariadb is None:
        return
    put(mariadb, schema.mailbox, mailbox("ann"))
    now = datetime.now().replace(microsecond=0)
    for user, address, days in (
        ("ann@example.org", "1.1.1.1", 90),
        ("ann@example.org", "2.2.2.2", 60),  # newest of its service: kept
        ("gone@example.org", "3.3.3.3", 60),
        ("gone@example.org", "4.4.4.4", 3),
    ):
        row = {"service": "imap", "username": user, "real_rip": address, "datetime": now - timedelta(days=days)}
        put(mariadb, schema.sasl_log, row)
    run(mariadb, "clean_sasl_log")
    assert set(rows(mariadb, "(SELECT real_rip, username FROM sasl_log) AS left_over")) == {"2.2.2.2", "4.4.4.4"}
