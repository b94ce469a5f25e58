"""Every way in which a live table can differ is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from opslib.schema.compare import check
from opslib.schema.create import initialise
from tests.opslib.schema.places import KINDS, empty_database


@pytest.fixture(params=KINDS)
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    with empty_database(request.param, tmp_path) as engine:
        initialise(engine)
        yield engine


REMADE = {
    "quota2": "username VARCHAR(255) NOT NULL PRIMARY KEY, bytes VARCHAR(20) NOT NULL, messages BIGINT NULL",
    "sender_acl": (
        "id INT NOT NULL, logged_in_as VARCHAR(255) NOT NULL PRIMARY KEY, send_as BLOB NOT NULL, external FLOAT NOT NULL"
    ),
    "mta_sts": (
        "id DATETIME NOT NULL, domain VARCHAR(255) NOT NULL PRIMARY KEY, version TEXT NOT NULL, mode TEXT NOT NULL, "
        "mx TEXT NOT NULL, max_age TEXT NOT NULL, active INT NOT NULL"
    ),
}
EXPECTED = [
    "Column mailbox.shoe_size is not part of the schema.",
    "Column mta_sts.id holds date and time, not whole number.",
    "Column quota2.bytes holds text, not whole number.",
    "Column quota2.messages may be empty.",
    "Column relayhosts.active is missing.",
    "Column sender_acl.external holds number, not whole number.",
    "Column sender_acl.send_as holds bytes, not text.",
    "Key quarantine(qhash) is missing.",
    "Key quarantine(rcpt) is not part of the schema.",
    "Key relayhosts(hostname, username) is not part of the schema (unique).",
    "Table transports is missing.",
    "The primary key of sender_acl is (logged_in_as).",
]


def test_every_kind_of_difference(live: sa.Engine) -> None:
    qhash = "key_quarantine_qhash" if live.dialect.name == "sqlite" else "qhash ON quarantine"
    remade = [
        part for name, columns in REMADE.items() for part in (f"DROP TABLE {name}", f"CREATE TABLE {name} ({columns})")
    ]
    with live.begin() as connection:
        for statement in (
            "DROP TABLE transports",
            "ALTER TABLE relayhosts DROP COLUMN active",
            "ALTER TABLE mailbox ADD COLUMN shoe_size INT",
            "CREATE INDEX by_rcpt ON quarantine (rcpt)",
            "CREATE UNIQUE INDEX once ON relayhosts (hostname, username)",
            f"DROP INDEX {qhash}",
            *remade,
        ):
            connection.exec_driver_sql(statement)
    assert sorted(check(live)) == EXPECTED


def test_other_key_names_are_no_difference(live: sa.Engine) -> None:
    """The mail server names its foreign keys otherwise than we do."""
    drop = "key_quarantine_qhash" if live.dialect.name == "sqlite" else "qhash ON quarantine"
    with live.begin() as connection:
        connection.exec_driver_sql(f"DROP INDEX {drop}")
        connection.exec_driver_sql("CREATE INDEX another_name ON quarantine (qhash)")
    assert check(live) == []
