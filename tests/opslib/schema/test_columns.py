"""How columns behave: `modified` follows every update, JSON keys read alike on both databases."""

from __future__ import annotations

import time
from typing import Any

import pytest
import sqlalchemy as sa

from opslib import schema
from opslib.fields import Flag, json_text

STAMPED = ["domain", "mailbox", "alias", "alias_domain", "admin", "imapsync", "templates", "filterconf"]


def modified(engine: sa.Engine) -> dict[str, Any]:
    table = schema.domain.c
    with engine.connect() as connection:
        return {row.domain: row.modified for row in connection.execute(sa.select(table.domain, table.modified))}


def test_modified_follows_updates(engine: sa.Engine) -> None:
    """Set-based updates by anybody move it, an update that changes nothing else may not (addresses.md 2)."""
    with engine.begin() as connection:
        for name in ("a.example", "b.example", "c.example"):
            connection.execute(schema.domain.insert().values(domain=name))
    assert set(modified(engine).values()) == {None}
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE domain SET quota = quota + 1 WHERE domain <> 'c.example'")
        now = connection.execute(sa.select(sa.func.now())).scalar_one()
    after = modified(engine)
    assert after["c.example"] is None
    assert all(abs((after[name] - now).total_seconds()) < 3 for name in ("a.example", "b.example"))


def test_modified_follows_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(schema.domain.insert().values(domain="a.example"))
        connection.exec_driver_sql("UPDATE domain SET quota = 1")
    first = modified(engine)["a.example"]
    time.sleep(1.1)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE domain SET quota = 2")
    assert modified(engine)["a.example"] > first


def test_modified_given_by_the_writer_is_kept(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(schema.domain.insert().values(domain="a.example"))
        connection.exec_driver_sql("UPDATE domain SET quota = 1, modified = '2020-01-01 00:00:00'")
    assert modified(engine)["a.example"].year == 2020


@pytest.mark.parametrize("name", STAMPED)
def test_modified_is_declared(name: str) -> None:
    assert schema.metadata.tables[name].c.modified.info["on_update"] is not None


def test_numbers_are_not_given_twice(engine: sa.Engine) -> None:
    """An undone deletion brings its number back: nobody else may have it."""
    row = {"goto": "a@example.org", "domain": "example.org"}
    with engine.begin() as connection:
        first = connection.execute(schema.alias.insert().values(address="a@example.org", **row)).inserted_primary_key
        connection.execute(schema.alias.delete())
        second = connection.execute(schema.alias.insert().values(address="b@example.org", **row)).inserted_primary_key
    assert first is not None and second is not None and second[0] > first[0]


ATTRIBUTES: dict[str, dict[str, Any] | None] = {
    "text": {"flag": "1"},
    "number": {"flag": 1},
    "off": {"flag": "0"},
    "zero": {"flag": 0},
    "null": {"flag": None},
    "missing": {"other": "1"},
    "empty": {},
    "none": None,
    "blank": {"flag": ""},
    "odd": {"flag": 'a "quoted" Ünïcode'},
}
READ = {
    "text": "1",
    "number": "1",
    "off": "0",
    "zero": "0",
    "null": None,
    "missing": None,
    "empty": None,
    "none": None,
    "blank": "",
    "odd": 'a "quoted" Ünïcode',
}
ON = {"text", "number"}


@pytest.fixture
def mailboxes(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        for name, attributes in ATTRIBUTES.items():
            values = {"username": name, "password": "", "local_part": name, "domain": "x.org", "attributes": attributes}
            connection.execute(schema.mailbox.insert().values(values))
    return engine


def test_text_of_json_keys(mailboxes: sa.Engine) -> None:
    """A missing key, JSON null and a NULL column are all NULL; the number 1 reads like the text "1"."""
    table = schema.mailbox.c
    with mailboxes.connect() as connection:
        found = {
            row[0]: row[1] for row in connection.execute(sa.select(table.username, json_text(table.attributes, "flag")))
        }
    assert found == READ


def test_flags_in_json(mailboxes: sa.Engine) -> None:
    flag = Flag(column="attributes.flag", missing=False)
    expression = flag.expression(schema.mailbox)
    assert expression is not None
    key = schema.mailbox.c.username
    with mailboxes.connect() as connection:
        rows = connection.execute(sa.select(key, expression)).all()
        on = set(connection.execute(sa.select(key).where(expression == flag.clause(expression, True))).scalars())
    assert {name for name, stored in rows if flag.load(stored)} == ON
    assert on == ON
